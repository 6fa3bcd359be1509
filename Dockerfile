FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# The image has its own Node.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && rm -r node_modules/node-linux-* node_modules/.bin/node

# Vite and React are needed to build the page, not to serve it.
FROM node:24-bookworm-slim AS page
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY dashboard dashboard
RUN node_modules/.bin/vite build dashboard/web

# .dockerignore says what belongs into the image. Where files were made for their owner alone, the image's user could not read them.
FROM node:24-bookworm-slim AS code
WORKDIR /app
COPY . .
RUN rm -r dashboard/web
COPY --from=page /app/dashboard/web/dist dashboard/web/dist
RUN chmod -R u=rwX,go=rX .

FROM node:24-bookworm-slim
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=code /app .
RUN mkdir -p /app/data && install -d -o node -g node -m 700 /var/lib/eventlake
USER 1000
ENV NODE_ENV=production EVENTLAKE_HOME=/var/lib/eventlake
# A job that runs is healthy; --version shows that the image works.
HEALTHCHECK --interval=30s --timeout=10s CMD ["node", "cli/main.ts", "--version"]
ENTRYPOINT ["node", "--max-semi-space-size=16", "--heap-growing-percent=100", "--", "cli/main.ts"]
CMD ["--help"]
