# The CLI and worker of durable-swarm. Debian, not Alpine: Temporal's native module needs glibc.
# Build: docker build -t durable-swarm .    Run: docker run --init durable-swarm worker
FROM node:20.19.5-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:20.19.5-bookworm-slim
# Temporal's native client takes the root certificates of the system.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production SWARM_HOME=/home/node/swarm
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
RUN mkdir -m 0700 /home/node/swarm && chown node:node /home/node/swarm && mkdir /tasks && chown node:node /tasks
USER node
WORKDIR /tasks
ENTRYPOINT ["node", "/app/dist/programs/swarm.js"]
CMD ["worker"]
