# JupyterLab on the first notebook, as a user without rights; each container has a sandbox of its own.
#   docker build --tag iam-role-tutorial .
#   docker run --rm --init --publish 127.0.0.1:8888:8888 iam-role-tutorial
FROM python:3.13-slim
RUN apt-get update && apt-get install --yes --no-install-recommends make && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home learner
USER learner
WORKDIR /home/learner/iam-role-tutorial
COPY --chown=learner . .
RUN make .venv/ready && .venv/bin/python tools/working_copy.py
EXPOSE 8888
# Inside a container, its own address: from outside, only what is published is reached, and with the token alone.
CMD ["make", "lab", "ARGS=--no-browser --ip=0.0.0.0 --port=8888"]
