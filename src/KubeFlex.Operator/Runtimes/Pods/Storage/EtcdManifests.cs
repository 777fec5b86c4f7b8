using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Objects;

namespace KubeFlex.Operator.Runtimes.Pods.Storage;

/// <summary>The objects of a dedicated etcd: one member, TLS with client certificates, health on a port of its own as kubeadm has it.</summary>
internal static class EtcdManifests
{
    public static JsonObject Service() => Manifest.Parse(
        """
        apiVersion: v1
        kind: Service
        metadata:
          labels:
            component: etcd
            tier: control-plane
        spec:
          clusterIP: None
          publishNotReadyAddresses: true
          selector:
            app: etcd
          ports:
          - name: client
            port: 2379
            targetPort: 2379
            protocol: TCP
        """);

    public static JsonObject StatefulSet(ControlPlane cp, PodsOptions options, string certificates) => Manifest.Parse(
        $$"""
        apiVersion: apps/v1
        kind: StatefulSet
        metadata:
          labels:
            component: etcd
            tier: control-plane
        spec:
          replicas: 1
          serviceName: etcd
          selector:
            matchLabels:
              app: etcd
          persistentVolumeClaimRetentionPolicy:
            whenDeleted: Delete
            whenScaled: Retain
          template:
            metadata:
              labels:
                app: etcd
                component: etcd
                tier: control-plane
              annotations:
                {{Names.InputsAnnotation}}: "{{certificates}}"
            spec:
              automountServiceAccountToken: false
              priorityClassName: system-node-critical
              securityContext:
                seccompProfile:
                  type: RuntimeDefault
              containers:
              - name: etcd
                image: {{Manifest.Text(options.EtcdImage)}}
                command:
                - etcd
                - --name=etcd-0
                - --data-dir=/var/lib/etcd/data
                - --listen-client-urls=https://0.0.0.0:2379
                - --advertise-client-urls=https://etcd.{{cp.Namespace}}.svc:2379
                - --listen-peer-urls=http://127.0.0.1:2380
                - --initial-advertise-peer-urls=http://127.0.0.1:2380
                - --initial-cluster=etcd-0=http://127.0.0.1:2380
                - --listen-metrics-urls=http://0.0.0.0:2381
                - --client-cert-auth=true
                - --trusted-ca-file=/etc/etcd/pki/ca.crt
                - --cert-file=/etc/etcd/pki/server.crt
                - --key-file=/etc/etcd/pki/server.key
                - --enable-grpc-gateway=false
                - --auto-compaction-mode=periodic
                - --auto-compaction-retention=1h
                ports:
                - name: client
                  containerPort: 2379
                  protocol: TCP
                resources:
                  requests:
                    cpu: 100m
                    memory: 100Mi
                  limits:
                    memory: 512Mi
                securityContext:
                  allowPrivilegeEscalation: false
                  capabilities:
                    drop: [ALL]
                livenessProbe:
                  httpGet:
                    path: /livez
                    port: 2381
                  initialDelaySeconds: 10
                  periodSeconds: 10
                  timeoutSeconds: 15
                  failureThreshold: 8
                readinessProbe:
                  httpGet:
                    path: /readyz
                    port: 2381
                  periodSeconds: 1
                  timeoutSeconds: 15
                  failureThreshold: 3
                startupProbe:
                  httpGet:
                    path: /readyz
                    port: 2381
                  periodSeconds: 2
                  timeoutSeconds: 15
                  failureThreshold: 60
                volumeMounts:
                - name: data
                  mountPath: /var/lib/etcd
                - name: certs
                  mountPath: /etc/etcd/pki
                  readOnly: true
              volumes:
              - name: certs
                secret:
                  secretName: etcd-certs
                  items:
                  - key: ca.crt
                    path: ca.crt
                  - key: server.crt
                    path: server.crt
                  - key: server.key
                    path: server.key
          volumeClaimTemplates:
          - metadata:
              name: data
            spec:
              accessModes: [ReadWriteOnce]
              resources:
                requests:
                  storage: {{Manifest.Text(options.StorageSize)}}
        {{(options.StorageClass is null ? "" : $"      storageClassName: {Manifest.Text(options.StorageClass)}")}}
        """);
}
