using System.Text.Json.Nodes;
using KubeFlex.Operator.Objects;

namespace KubeFlex.Operator.Exposure;

/// <summary>The three ways in. TLS ends at the control plane in all of them, since clients show it their certificates.</summary>
internal static class ExposureManifests
{
    public static JsonObject Ingress(string ingressClass, string host, string service) => Manifest.Parse(
        $$"""
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          annotations:
            nginx.ingress.kubernetes.io/ssl-passthrough: "true"
        spec:
          ingressClassName: {{Manifest.Text(ingressClass)}}
          rules:
          - host: {{Manifest.Text(host)}}
            http:
              paths:
              - path: /
                pathType: Prefix
                backend:
                  service:
                    name: {{service}}
                    port:
                      number: 443
        """);

    public static JsonObject Route(string service) => Manifest.Parse(
        $$"""
        apiVersion: route.openshift.io/v1
        kind: Route
        metadata:
          annotations:
            openshift.io/host.generated: "true"
        spec:
          port:
            targetPort: https
          tls:
            termination: passthrough
            insecureEdgeTerminationPolicy: None
          to:
            kind: Service
            name: {{service}}
            weight: 100
          wildcardPolicy: None
        """);

    public static JsonObject TlsRoute(string version, GatewayReference gateway, string host, string service) => Manifest.Parse(
        $$"""
        apiVersion: gateway.networking.k8s.io/{{version}}
        kind: TLSRoute
        spec:
          parentRefs:
          - name: {{Manifest.Text(gateway.Name)}}
            namespace: {{Manifest.Text(gateway.Namespace)}}
        {{(gateway.Listener is null ? "" : $"    sectionName: {Manifest.Text(gateway.Listener)}")}}
          hostnames:
          - {{Manifest.Text(host)}}
          rules:
          - backendRefs:
            - name: {{service}}
              port: 443
        """);
}
