using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Objects;
using KubeFlex.Operator.Runtimes.Pods;

namespace KubeFlex.Operator.Types.VCluster;

/// <summary>The objects of a vcluster named <c>vcluster</c>, which Helm made for KubeFlex; the labels are the chart's, since selectors rest on them.</summary>
internal static class VClusterManifests
{
    public const string Name = "vcluster";

    public static JsonObject ServiceAccount() => Manifest.Parse("{apiVersion: v1, kind: ServiceAccount, metadata: {labels: {app: vcluster, release: vcluster}}}");

    /// <summary>What vcluster may do in the control plane's namespace: make there what the tenant makes.</summary>
    public static JsonObject Role() => Manifest.Parse(
        """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          labels: {app: vcluster, release: vcluster}
        rules:
        - apiGroups: [""]
          resources: [configmaps, secrets, services, endpoints, pods, pods/attach, pods/portforward, pods/exec, persistentvolumeclaims]
          verbs: [create, delete, patch, update, get, list, watch]
        - apiGroups: [""]
          resources: [pods/status, pods/ephemeralcontainers]
          verbs: [patch, update]
        - apiGroups: [""]
          resources: [events, pods/log]
          verbs: [get, list, watch]
        - apiGroups: [apps]
          resources: [statefulsets, replicasets, deployments]
          verbs: [get, list, watch]
        - apiGroups: [discovery.k8s.io]
          resources: [endpointslices]
          verbs: [create, delete, patch, update, get, list, watch]
        """);

    public static JsonObject RoleBinding() => Manifest.Parse(
        """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata:
          labels: {app: vcluster, release: vcluster}
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: Role
          name: vc-vcluster
        subjects:
        - kind: ServiceAccount
          name: vc-vcluster
        """);

    public static JsonObject Service() => Manifest.Parse(
        """
        apiVersion: v1
        kind: Service
        metadata:
          labels: {app: vcluster, release: vcluster, vcluster.loft.sh/service: "true"}
        spec:
          type: ClusterIP
          selector: {app: vcluster, release: vcluster}
          ports:
          - {name: https, port: 443, targetPort: 8443, protocol: TCP}
          - {name: kubelet, port: 10250, targetPort: 8443, protocol: TCP}
        """);

    public static JsonObject HeadlessService() => Manifest.Parse(
        """
        apiVersion: v1
        kind: Service
        metadata:
          labels: {app: vcluster, release: vcluster}
        spec:
          clusterIP: None
          publishNotReadyAddresses: true
          selector: {app: vcluster, release: vcluster}
          ports:
          - {name: https, port: 443, targetPort: 8443, protocol: TCP}
        """);

    public static JsonObject NodePortService() => Manifest.Parse(
        """
        apiVersion: v1
        kind: Service
        metadata:
          labels: {app: vcluster, release: vcluster}
        spec:
          type: NodePort
          selector: {app: vcluster, release: vcluster}
          ports:
          - {name: https, port: 443, targetPort: 8443, protocol: TCP}
        """);

    public static JsonObject StatefulSet(ControlPlane cp, PodsOptions options, string config, bool openShift)
    {
        var set = Manifest.Parse(
            $$$"""
            apiVersion: apps/v1
            kind: StatefulSet
            metadata:
              labels: {app: vcluster, release: vcluster}
            spec:
              replicas: 1
              serviceName: vcluster-headless
              podManagementPolicy: Parallel
              persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Retain}
              selector:
                matchLabels: {app: vcluster, release: vcluster}
              template:
                metadata:
                  labels: {app: vcluster, release: vcluster}
                  annotations:
                    {{{Names.InputsAnnotation}}}: "{{{config}}}"
                spec:
                  serviceAccountName: vc-vcluster
                  terminationGracePeriodSeconds: 15
                  initContainers:
                  - name: kubernetes
                    image: {{{Manifest.Text(Distro(cp, options))}}}
                    command: [cp]
                    args: [-r, /kubernetes/., /binaries/]
                    resources:
                      requests: {cpu: 40m, memory: 64Mi}
                      limits: {cpu: 100m, memory: 256Mi}
                    volumeMounts:
                    - {name: binaries, mountPath: /binaries}
                  containers:
                  - name: syncer
                    image: {{{Manifest.Text(options.VClusterImage)}}}
                    command: [/vcluster, start]
                    env:
                    - {name: VCLUSTER_NAME, value: vcluster}
                    - name: POD_NAME
                      valueFrom: {fieldRef: {fieldPath: metadata.name}}
                    - name: POD_IP
                      valueFrom: {fieldRef: {fieldPath: status.podIP}}
                    - name: NODE_NAME
                      valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
                    - name: NODE_IP
                      valueFrom: {fieldRef: {fieldPath: status.hostIP}}
                    resources:
                      requests: {cpu: 200m, memory: 256Mi, ephemeral-storage: 400Mi}
                      limits: {memory: 2Gi, ephemeral-storage: 8Gi}
                    securityContext:
                      allowPrivilegeEscalation: false
                    livenessProbe:
                      httpGet: {path: /healthz, port: 8443, scheme: HTTPS}
                      initialDelaySeconds: 60
                      periodSeconds: 2
                      timeoutSeconds: 3
                      failureThreshold: 60
                    readinessProbe:
                      httpGet: {path: /readyz, port: 8443, scheme: HTTPS}
                      periodSeconds: 2
                      timeoutSeconds: 3
                      failureThreshold: 60
                    startupProbe:
                      httpGet: {path: /readyz, port: 8443, scheme: HTTPS}
                      periodSeconds: 6
                      timeoutSeconds: 3
                      failureThreshold: 300
                    volumeMounts:
                    - {name: data, mountPath: /data}
                    - {name: binaries, mountPath: /binaries}
                    - {name: certs, mountPath: /pki}
                    - {name: helm-cache, mountPath: /.cache/helm}
                    - {name: vcluster-config, mountPath: /var/lib/vcluster}
                    - {name: tmp, mountPath: /tmp}
                  volumes:
                  - {name: binaries, emptyDir: {}}
                  - {name: certs, emptyDir: {}}
                  - {name: helm-cache, emptyDir: {}}
                  - {name: tmp, emptyDir: {}}
                  - name: vcluster-config
                    secret: {secretName: vc-config-vcluster}
              volumeClaimTemplates:
              - metadata: {name: data}
                spec:
                  accessModes: [ReadWriteOnce]
                  resources: {requests: {storage: {{{Manifest.Text(options.StorageSize)}}} } }
            {{{(options.StorageClass is null ? "" : $"      storageClassName: {Manifest.Text(options.StorageClass)}")}}}
            """);
        var pod = (JsonObject)set["spec"]!["template"]!["spec"]!;
        var container = (JsonObject)pod["containers"]![0]!;
        // The image's own user is root; on OpenShift the namespace's range decides.
        if (!openShift) Manifest.Child(container, "securityContext")["runAsUser"] = 0;
        if (!openShift) Manifest.Child(container, "securityContext")["runAsGroup"] = 0;
        PodSettings.Apply(cp, pod, container, openShift);
        return set;
    }

    /// <summary>vcluster's configuration: what its chart would write for these values, as far as it is not off.</summary>
    public static JsonObject Config(ControlPlane cp, PodsOptions options, string server, IReadOnlyList<string> serverNames, bool openShift)
    {
        var image = Distro(cp, options);
        var (repository, tag) = (image[..image.LastIndexOf(':')], image[(image.LastIndexOf(':') + 1)..]);
        var slash = repository.IndexOf('/', StringComparison.Ordinal);
        var config = Manifest.Parse(
            $$$"""
            controlPlane:
              distro:
                k8s:
                  enabled: true
                  image:
                    registry: {{{Manifest.Text(repository[..slash])}}}
                    repository: {{{Manifest.Text(repository[(slash + 1)..])}}}
                    tag: {{{Manifest.Text(tag)}}}
                  apiServer: {enabled: true}
                  controllerManager: {enabled: true}
              backingStore:
                database:
                  embedded: {enabled: true}
              proxy:
                bindAddress: 0.0.0.0
                port: 8443
                extraSANs: {{{Manifest.List(serverNames)}}}
              coredns:
                enabled: true
                service: {spec: {type: ClusterIP}}
                deployment:
                  replicas: 1
                  resources:
                    limits: {cpu: 1000m, memory: 170Mi}
                    requests: {cpu: 20m, memory: 64Mi}
              service:
                enabled: true
                spec: {type: ClusterIP}
              statefulSet:
                highAvailability: {replicas: 1, leaseDuration: 60, renewDeadline: 40, retryPeriod: 15}
              advanced:
                serviceAccount: {enabled: true}
                workloadServiceAccount: {enabled: true}
            exportKubeConfig:
              context: my-vcluster
              server: {{{Manifest.Text(server)}}}
            networking:
              advanced:
                clusterDomain: cluster.local
                proxyKubelets: {byHostname: true, byIP: true}
            rbac:
              role: {enabled: true}
              clusterRole: {enabled: auto}
            sync:
              toHost:
                services: {enabled: true}
                endpoints: {enabled: true}
                persistentVolumeClaims: {enabled: true}
                configMaps: {enabled: true, all: false}
                secrets: {enabled: true, all: false}
                pods:
                  enabled: true
                  rewriteHosts:
                    enabled: true
                    initContainer:
                      image: library/alpine:3.20
                      resources:
                        limits: {cpu: 30m, memory: 64Mi}
                        requests: {cpu: 30m, memory: 64Mi}
              fromHost:
                events: {enabled: true}
                csiDrivers: {enabled: auto}
                csiNodes: {enabled: auto}
                csiStorageCapacities: {enabled: auto}
                storageClasses: {enabled: auto}
            telemetry: {enabled: false}
            """);
        // On OpenShift endpoints of others may not be written, and pods' users come from the namespace.
        if (openShift) config["sync"]!["toHost"]!["endpoints"]!["enabled"] = false;
        return config;
    }

    private static string Distro(ControlPlane cp, PodsOptions options) => $"{options.VClusterKubernetesImage}:v{cp.Version ?? options.VClusterKubernetesVersion}";
}
