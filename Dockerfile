# The operator's image, for those with a container engine (without one: tools/build-image.sh).
#   docker build -t ghcr.io/kubestellar/kubeflex/manager:0.10.0 .
#   docker buildx build --platform linux/amd64,linux/arm64 ...      compiles on the build machine's own platform
FROM --platform=$BUILDPLATFORM mcr.microsoft.com/dotnet/sdk:10.0 AS build
ARG TARGETARCH
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY deploy/crds deploy/crds
COPY src src
# Lock files and intermediate files of its own, as in tools/build-image.sh.
RUN case $TARGETARCH in arm64) rid=linux-arm64 ;; *) rid=linux-x64 ;; esac \
 && dotnet publish src/KubeFlex.Server -c Release -r $rid --self-contained false -o /app --nologo \
    -p:KubeFlexLauncher=true -p:ArtifactsPath=/build -p:PublishReadyToRun=true -p:DebugType=none -p:GenerateDocumentationFile=false

# No shell, no package manager, and the user is not root.
FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled
COPY --from=build /app /app
USER $APP_UID
ENTRYPOINT ["/app/kubeflex-server"]
