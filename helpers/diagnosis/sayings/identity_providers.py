"""Of identity providers: OpenID Connect, SAML, Cognito.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers.html
"""

from helpers.diagnosis.explanation import NextStep
from helpers.diagnosis.sayings.saying import Sayings

SAYINGS: Sayings = {
    r"[Cc]ouldn't retrieve verification key from your identity provider": (
        "resource",
        "STS could not fetch the keys with which the token's issuer signs: the issuer's address does not answer from "
        "the internet, or not with what the standard asks for. No policy was asked.",
        NextStep("See that /.well-known/openid-configuration and the jwks_uri in it can be fetched from anywhere."),
    ),
    r"Response signature invalid": (
        "resource",
        "The account's SAML provider does not know the certificate that signed the sign-in: it was renewed since the "
        "provider's metadata was loaded, or the assertion is another provider's. The role's trust policy was not "
        "asked.",
        NextStep(
            "Load the identity provider's metadata anew.",
            console="IAM → Identity providers → the provider → Upload metadata",
            cli="aws iam update-saml-provider --saml-provider-arn <provider-arn> "
            "--saml-metadata-document file://metadata.xml",
        ),
    ),
    r"[Ii]ncorrect token audience": (
        "resource",
        "The token is for another audience (its aud) than those that the account's identity provider takes. The role's "
        "trust policy was not asked.",
        NextStep(
            "Ask for the token with an audience that the provider has, or add the token's to the provider: for sign-in "
            "from pipelines it is mostly sts.amazonaws.com.",
            console="IAM → Identity providers → the provider → Audiences",
            cli="aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn <provider-arn> "
            "--client-id <audience>",
        ),
    ),
    r"current date/time .* must be before the": (
        "credentials",
        "The token of the identity provider, with which the role was to be assumed, had ended: it lasts minutes to an "
        "hour. No policy was asked.",
        NextStep("Have a new token issued, just before it is used; and see that the machine's clock is right."),
    ),
    r"certificate doesn't match|thumbprint": (
        "resource",
        "AWS fetched the token's issuer over HTTPS, and its certificate is not one of those whose thumbprints the "
        "account's identity provider has: the issuer changed its certificate, or the thumbprint was mistyped. The "
        "role's trust policy was not asked.",
        NextStep(
            "Give the identity provider the thumbprint of the issuer's certificate authority as it is now.",
            console="IAM → Identity providers → the provider → Thumbprints",
            cli="aws iam update-open-id-connect-provider-thumbprint --open-id-connect-provider-arn <provider-arn> "
            "--thumbprint-list <thumbprint>",
        ),
    ),
    r"Access Token does not have required scopes": (
        "credentials",
        "The access token was issued by a Cognito user pool without the scope that this call wants: what a signed-in "
        "user does about itself wants aws.cognito.signin.user.admin. No policy of IAM's was asked.",
        NextStep(
            "Have the app ask for that scope at the sign-in, and let its app client have it; then sign in anew.",
            console="Cognito → User pools → the pool → App clients → Login pages → OpenID Connect scopes",
        ),
    ),
    r"Unauthenticated access is not supported for this identity pool": (
        "credentials",
        "The call for credentials named nobody who is signed in (no Logins), and the Cognito identity pool has nothing "
        "for guests. No policy was asked.",
        NextStep(
            "Sign the user in first, and pass the token in Logins. Only where guests are wanted, switch their access "
            "on, with a role that may little.",
            console="Cognito → Identity pools → the pool → User access",
            cli="aws cognito-identity describe-identity-pool --identity-pool-id <pool-id>",
        ),
    ),
    r"Token is not from a supported provider|Invalid login token": (
        "credentials",
        "The token that was passed in Logins is none that this Cognito identity pool takes: its issuer is not among "
        "the pool's providers, the name in Logins is not the issuer's, or the token has ended.",
        NextStep(
            "Compare the token's iss (without https://) with the name in Logins and the pool's providers; of a user "
            "pool, pass the ID token.",
            console="Cognito → Identity pools → the pool → User access",
        ),
    ),
    r"Invalid identity pool configuration": (
        "resource",
        "The Cognito identity pool may not hand out its role: the role is not there, or its trust policy does not name "
        "cognito-identity.amazonaws.com with this pool as cognito-identity.amazonaws.com:aud and the right amr "
        "(authenticated or unauthenticated).",
        NextStep(
            "See which roles the pool has, and whom their trust policies let in.",
            cli="aws cognito-identity get-identity-pool-roles --identity-pool-id <pool-id>",
        ),
    ),
    r"SECRET_HASH was not received|Unable to verify secret hash": (
        "request",
        "The user pool's app client has a secret, and the call came without the hash made with it, or with a wrong "
        "one. No policy of IAM's was asked.",
        NextStep("Send SECRET_HASH; or use an app client without a secret, as apps on phones have to."),
    ),
    r"Incorrect username or password|Password attempts exceeded|User (?:is not confirmed|does not exist)\.": (
        "credentials",
        "A Cognito user pool says this of one of its own users' sign-in. No policy of IAM's was asked.",
        NextStep("See the user in the pool: name, state, password.", console="Cognito → User pools → the pool → Users"),
    ),
    r"(?:Access|Refresh|ID|Id) Token has (?:expired|been revoked)|Invalid (?:Refresh|Access) Token": (
        "credentials",
        "The token of the Cognito user pool has ended, was revoked, or is another app client's. No policy was asked.",
        NextStep("Sign in anew, or get a new token with the refresh token."),
    ),
    r"invalid SAML response|RoleSessionName is required in AuthnResponse|Issuer not present in specified provider"
    r"|RoleEntitlement attribute|Specified provider doesn't exist": (
        "request",
        "The SAML sign-in does not carry what AWS wants: the role's and the provider's ARN as one attribute (Role), a "
        "session name (RoleSessionName), an issuer that the account's provider knows. No policy was asked.",
        NextStep(
            "Compare the attributes that the identity provider sends with those that AWS wants, and the ARNs with the "
            "account's own.",
            console="IAM → Identity providers",
            cli="aws iam list-saml-providers",
        ),
    ),
}
