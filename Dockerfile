# An agent's image, for work pools of type docker or kubernetes (docs/agents.md): Headwater, the locked packages, git.
#   docker build -t headwater-agent .
# For NVIDIA GPUs: docker build --build-arg EXTRA=gpu -t headwater-agent:gpu .
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install --yes --no-install-recommends git openssh-client \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/headwater
# Packages first: they change seldom, and a changed line of code does not install them anew.
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN pip install --no-cache-dir uv==0.13.9 \
    && uv pip install --system --no-cache --compile-bytecode --require-hashes -r requirements.lock

# What an agent runs are the stages of the commit it is told, in a checkout of that commit; this is what runs them.
COPY flows flows
COPY tasks tasks
ARG EXTRA=""
RUN uv pip install --system --no-cache --no-deps . \
    && if [ -n "$EXTRA" ]; then uv pip install --system --no-cache ".[$EXTRA]"; fi

RUN useradd --create-home agent && install -d -o agent /var/lib/headwater
USER agent
WORKDIR /home/agent
# A volume here keeps repositories and DVC's cache from one stage to the next.
ENV HEADWATER_AGENT_HOME=/var/lib/headwater \
    DVC_NO_ANALYTICS=1 \
    PREFECT_SERVER_ANALYTICS_ENABLED=false
