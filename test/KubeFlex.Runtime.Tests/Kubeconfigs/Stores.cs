using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Runtime.Tests.Kubeconfigs;

internal static class Stores
{
    public static KubeconfigStore Of(params string[] files) => new(KubeconfigPaths.Resolve(null, string.Join(Path.PathSeparator, files), "/nowhere"), TimeProvider.System);

    public static JsonObject Read(string file) => ObjectReader.ReadYaml(File.ReadAllBytes(file)).Value.Object;

    public static JsonObject Yaml(string text) => ObjectReader.ReadYaml(Encoding.UTF8.GetBytes(text)).Value.Object;

    /// <summary>What an operator writes for a control plane; names differ from those in the user's file on purpose.</summary>
    public static JsonObject ControlPlane(string server) => Yaml($$"""
        apiVersion: v1
        kind: Config
        current-context: my-vcluster
        clusters:
        - name: some-cluster
          cluster: {server: "{{server}}", certificate-authority-data: Q0E=}
        contexts:
        - name: other
          context: {cluster: wrong, user: wrong}
        - name: my-vcluster
          context: {cluster: some-cluster, user: some-user, namespace: default}
        users:
        - name: some-user
          user: {client-certificate-data: Q0VSVA==, client-key-data: S0VZ}
        """);
}
