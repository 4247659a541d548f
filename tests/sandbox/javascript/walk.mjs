// The path of the tutorial with AWS's SDK for JavaScript: what happened goes to standard output, a line of JSON each.

import { readFileSync, writeFileSync } from "node:fs";
import { CreateAccessKeyCommand, CreateRoleCommand, CreateUserCommand, DeleteAccessKeyCommand, DeleteRoleCommand,
    DeleteRolePolicyCommand, DeleteUserCommand, DeleteUserPolicyCommand, GetRoleCommand, IAMClient,
    PutRolePolicyCommand, PutUserPolicyCommand, UpdateAssumeRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateBucketCommand, DeleteBucketCommand, DeleteObjectCommand, GetObjectCommand, ListBucketsCommand,
    ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromIni, fromTemporaryCredentials } from "@aws-sdk/credential-providers";

const { endpoint, region, administrator, user, role, bucket } = JSON.parse(readFileSync(0, "utf-8"));
const place = { endpoint, region, maxAttempts: 1 };
const policy = statement => JSON.stringify({ Version: "2012-10-17", Statement: [statement] });

function tell(what, result) {
    console.log(JSON.stringify([what, result]));
}

async function attempt(what, client, command, shown = () => "done") {
    try {
        tell(what, shown(await client.send(command)));
    } catch (error) {
        tell(what, error.name);
    }
}

const iam = new IAMClient({ ...place, credentials: administrator });
const owner = new S3Client({ ...place, forcePathStyle: true, credentials: administrator });

const trustEc2 = { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" };
const roleArn = (await iam.send(new CreateRoleCommand({
    RoleName: role, AssumeRolePolicyDocument: policy(trustEc2) }))).Role.Arn;
const userArn = (await iam.send(new CreateUserCommand({ UserName: user }))).User.Arn;
const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: user }));
const key = { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey };
await owner.send(new CreateBucketCommand({ Bucket: bucket }));

const sts = new STSClient({ ...place, credentials: key });
await attempt("who", sts, new GetCallerIdentityCommand({}), answer => answer.Arn);
const assume = new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: "walk" });
await attempt("assume, untrusted", sts, assume);

const trustUser = { Effect: "Allow", Principal: { AWS: userArn }, Action: "sts:AssumeRole" };
await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: role, PolicyDocument: policy(trustUser) }));
await iam.send(new PutUserPolicyCommand({ UserName: user, PolicyName: "assume",
    PolicyDocument: policy({ Effect: "Allow", Action: "sts:AssumeRole", Resource: roleArn }) }));
await attempt("the document on the wire", iam, new GetRoleCommand({ RoleName: role }),
    answer => answer.Role.AssumeRolePolicyDocument.startsWith("%7B%22Version%22"));
await attempt("assume", sts, assume, answer => answer.AssumedRoleUser.Arn);

const providers = {
    fromTemporaryCredentials: fromTemporaryCredentials({
        masterCredentials: key, params: { RoleArn: roleArn, RoleSessionName: "walk" }, clientConfig: place }),
    fromIni: fromIni({ profile: "reader", clientConfig: place, ignoreCache: true }),
};
writeFileSync(process.env.AWS_SHARED_CREDENTIALS_FILE,
    `[walker]\naws_access_key_id = ${key.accessKeyId}\naws_secret_access_key = ${key.secretAccessKey}\n`,
    { mode: 0o600 });
writeFileSync(process.env.AWS_CONFIG_FILE,
    `[profile reader]\nrole_arn = ${roleArn}\nsource_profile = walker\nregion = ${region}\n`);

for (const [name, credentials] of Object.entries(providers)) {
    const s3 = new S3Client({ ...place, forcePathStyle: true, credentials });
    await attempt(`${name}, without a policy`, s3, new ListObjectsV2Command({ Bucket: bucket }));
    await iam.send(new PutRolePolicyCommand({ RoleName: role, PolicyName: "objects",
        PolicyDocument: policy({ Effect: "Allow", Action: "s3:*Object*", Resource: `arn:aws:s3:::${bucket}/*` }) }));
    await attempt(`${name}, put`, s3, new PutObjectCommand({ Bucket: bucket, Key: "notes.txt", Body: "hello" }));
    const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: "notes.txt" }));
    tell(`${name}, get`, await got.Body.transformToString());
    await attempt(`${name}, list all buckets`, s3, new ListBucketsCommand({}));
    await attempt(`${name}, delete`, s3, new DeleteObjectCommand({ Bucket: bucket, Key: "notes.txt" }));
    await iam.send(new DeleteRolePolicyCommand({ RoleName: role, PolicyName: "objects" }));
}

await owner.send(new DeleteBucketCommand({ Bucket: bucket }));
await iam.send(new DeleteUserPolicyCommand({ UserName: user, PolicyName: "assume" }));
await iam.send(new DeleteAccessKeyCommand({ UserName: user, AccessKeyId: key.accessKeyId }));
await iam.send(new DeleteUserCommand({ UserName: user }));
await iam.send(new DeleteRoleCommand({ RoleName: role }));
await attempt("gone", iam, new GetRoleCommand({ RoleName: role }));
