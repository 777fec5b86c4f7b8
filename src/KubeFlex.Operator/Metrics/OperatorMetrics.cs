using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Runtime.Informers;

namespace KubeFlex.Operator.Metrics;

/// <summary>What the operator counts. The instruments bear their Prometheus names.</summary>
internal sealed class OperatorMetrics
{
    // From in process (tens of milliseconds) to images that must be pulled first.
    private static readonly double[] CreationBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600];
    private static readonly double[] ReconcileBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

    private readonly HostingCluster cluster;
    private readonly string defaultRuntime;
    private readonly Histogram<double> creation, reconciles;
    private readonly Counter<long> errors;
    private readonly ConcurrentDictionary<string, byte> wereReady = new();

    public OperatorMetrics(Meter meter, HostingCluster cluster, string defaultRuntime)
    {
        (this.cluster, this.defaultRuntime) = (cluster, defaultRuntime);
        meter.CreateObservableGauge("kubeflex_controlplanes", Count, description: "Control planes by type, runtime and phase (Progressing, Ready, Failed, Deleting).");
        meter.CreateObservableGauge("kubeflex_certificate_next_renewal_timestamp_seconds", NextRenewal, description: "When the next certificate is due for renewal; one in the past could not be renewed.");
        creation = meter.CreateHistogram("kubeflex_controlplane_creation_seconds", "s", "From the creation of a ControlPlane object until it is first Ready.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = CreationBuckets });
        reconciles = meter.CreateHistogram("kubeflex_reconcile_seconds", "s", "Length of a pass over one control plane.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = ReconcileBuckets });
        errors = meter.CreateCounter<long>("kubeflex_reconcile_errors_total", description: "Passes that ended with an error, by type of control plane.");
        cluster.ControlPlanes.OnChange(Observe);
    }

    public void Reconciled(TimeSpan took) => reconciles.Record(took.TotalSeconds);

    public void Failed(string type) => errors.Add(1, Tag("type", type));

    /// <summary>A pass found it Ready; the first such pass ends its creation.</summary>
    public void IsReady(ControlPlane cp)
    {
        if (!wereReady.TryAdd(cp.Uid, 0)) return;
        if (!DateTimeOffset.TryParse((string?)cp.Object["metadata"]?["creationTimestamp"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var created)) return;
        var took = cluster.Time.GetUtcNow() - created;
        creation.Record(Math.Max(0, took.TotalSeconds), Tag("type", cp.Type), Tag("runtime", RuntimeOf(cp)));
    }

    /// <summary>Progressing, Ready, Failed or Deleting.</summary>
    public static string PhaseOf(ControlPlane cp)
    {
        if (cp.IsDeleting) return "Deleting";
        var conditions = Conditions.Of(cp.Status);
        if ((string?)conditions.Find("Ready")?["status"] == "True") return "Ready";
        return (string?)conditions.Find("Synced")?["status"] == "False" ? "Failed" : "Progressing";
    }

    // Only type k8s has runtimes to choose from; vcluster and k3s are pods, the others are nothing that runs.
    private string RuntimeOf(ControlPlane cp) => cp.Type switch
    {
        "k8s" => cp.Runtime ?? defaultRuntime,
        "vcluster" or "k3s" => "Pods",
        _ => "",
    };

    private void Observe(ObjectChange change)
    {
        var cp = new ControlPlane(change.Latest);
        if (change.New is null) wereReady.TryRemove(cp.Uid, out _);
        // One that was Ready when we came was made in another time.
        else if (change.Old is null && PhaseOf(cp) == "Ready") wereReady.TryAdd(cp.Uid, 0);
    }

    private IEnumerable<Measurement<long>> Count() =>
        from obj in cluster.ControlPlanes.List()
        let cp = new ControlPlane(obj)
        group cp by (cp.Type, Runtime: RuntimeOf(cp), Phase: PhaseOf(cp)) into same
        select new Measurement<long>(same.Count(), Tag("type", same.Key.Type), Tag("runtime", same.Key.Runtime), Tag("phase", same.Key.Phase));

    private IEnumerable<Measurement<double>> NextRenewal()
    {
        var due = cluster.Secrets.List().Select(RenewAt).Where(at => at is not null).Min();
        return due is { } at ? [new Measurement<double>(at.ToUnixTimeSeconds())] : [];
    }

    private static DateTimeOffset? RenewAt(JsonObject secret) =>
        DateTimeOffset.TryParse((string?)secret["metadata"]?["annotations"]?[Names.RenewAtAnnotation], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
