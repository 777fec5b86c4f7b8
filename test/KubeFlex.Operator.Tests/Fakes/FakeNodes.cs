using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Operator.Objects;
using KubeFlex.Runtime.Client;
using KubeFlex.Testing;

namespace KubeFlex.Operator.Tests.Fakes;

/// <summary>Plays what a hosting cluster does with workloads: controllers and kubelets that set statuses, node ports, what vcluster writes.</summary>
internal sealed class FakeNodes(FakeApi api)
{
    public const string VClusterKubeconfig =
        """
        apiVersion: v1
        kind: Config
        clusters:
        - name: my-vcluster
          cluster: {certificate-authority-data: Y2E=, server: "https://cp1.localtest.me:9443"}
        contexts:
        - name: my-vcluster
          context: {cluster: my-vcluster, user: my-vcluster}
        current-context: my-vcluster
        users:
        - name: my-vcluster
          user: {client-certificate-data: Y2VydA==, client-key-data: a2V5, exec: {command: rm}}
        """;

    /// <summary>Why Jobs fail, or null when they succeed.</summary>
    public string? JobsFail { get; set; }

    /// <summary>Workloads that do not become ready.</summary>
    public HashSet<string> Stuck { get; } = [];

    public void Work()
    {
        foreach (var kind in new[] { Kinds.Deployments, Kinds.StatefulSets })
        {
            foreach (var workload in api.All(kind))
            {
                var replicas = workload["spec"]!["replicas"]!.ToString();
                workload["status"] = new JsonObject
                {
                    ["observedGeneration"] = workload["metadata"]!["generation"]!.DeepClone(),
                    ["replicas"] = int.Parse(replicas),
                    ["readyReplicas"] = Stuck.Contains(Name(workload)) ? 0 : int.Parse(replicas),
                };
                Put(kind, workload);
                if (kind == Kinds.StatefulSets && Name(workload) == "vcluster") WriteKubeconfig(Namespace(workload));
            }
        }
        foreach (var job in api.All(Kinds.Jobs))
        {
            job["status"] = JobsFail is null ? new JsonObject { ["succeeded"] = 1 } : new JsonObject
            {
                ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Failed", ["status"] = "True", ["reason"] = "BackoffLimitExceeded", ["message"] = JobsFail }),
            };
            Put(Kinds.Jobs, job);
        }
        foreach (var service in api.All(Resources.Services).Where(s => (string?)s["spec"]!["type"] == "NodePort" && s["spec"]!["ports"]![0]!["nodePort"] is null))
        {
            service["spec"]!["ports"]![0]!["nodePort"] = 30443;
            Put(Resources.Services, service);
        }
    }

    public void WriteKubeconfig(string ns, bool anew = false)
    {
        var at = Resources.Secrets.In(ns).Named("vc-vcluster");
        if (api.Get(at) is not null && !anew) return;
        api.Put(at, new JsonObject { ["data"] = new JsonObject { ["config"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(VClusterKubeconfig + (anew ? "# again\n" : ""))) } });
    }

    private void Put(ResourceRef kind, JsonObject obj) => api.Put(kind.In(Namespace(obj)).Named(Name(obj)), obj);

    private static string Name(JsonObject obj) => (string)obj["metadata"]!["name"]!;

    private static string Namespace(JsonObject obj) => (string)obj["metadata"]!["namespace"]!;
}
