using System.Text.Json.Nodes;
using KubeFlex.Operator.Objects;

namespace KubeFlex.Operator.Runtimes.Pods;

/// <summary>The Service of a control plane of type k8s.</summary>
internal static class ServiceManifest
{
    public static JsonObject ApiServer() => Manifest.Parse(
        """
        apiVersion: v1
        kind: Service
        spec:
          type: NodePort
          selector:
            app: kube-apiserver
          ports:
          - name: https
            port: 443
            targetPort: 9444
            protocol: TCP
        """);
}
