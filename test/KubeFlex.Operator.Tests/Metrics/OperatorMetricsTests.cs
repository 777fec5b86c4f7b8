using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using KubeFlex.Operator.Tests.Fakes;

namespace KubeFlex.Operator.Tests.Metrics;

public sealed class OperatorMetricsTests
{
    [Fact]
    public async Task Control_planes_creations_and_errors_are_counted()
    {
        using var meter = new Meter("test");
        using var seen = new Measured(meter);
        await using var h = new Harness(new OperatorOptions { Meter = meter });
        h.CreateControlPlane("good");
        h.CreateControlPlane("hosting", "host");
        h.CreateControlPlane("later", "k3s");
        h.Run();
        await h.UntilAsync(() => h.IsReady("good") && h.Events("SyncFail").Count > 0);

        // The cache follows by a watch.
        while (!seen.Gauge("kubeflex_controlplanes").ContainsKey("type=k8s,runtime=InProcess,phase=Ready")
            || !seen.Gauge("kubeflex_controlplanes").ContainsKey("type=k3s,runtime=Pods,phase=Failed")
            // Counted after the status is written, and a pass when it has ended.
            || seen.Times("kubeflex_controlplane_creation_seconds", "type=k8s,runtime=InProcess") == 0
            || seen.Times("kubeflex_reconcile_seconds", "") < 3) await Task.Delay(1, h.Cancellation);
        Assert.Equal(1, seen.Gauge("kubeflex_controlplanes")["type=k8s,runtime=InProcess,phase=Ready"]);
        Assert.Equal(3, seen.Gauge("kubeflex_controlplanes").Values.Sum());
        Assert.True(seen.Total("kubeflex_reconcile_errors_total", "type=k3s") >= 1);
        Assert.Equal(0, seen.Total("kubeflex_reconcile_errors_total", "type=k8s"));
        Assert.Equal(1, seen.Times("kubeflex_controlplane_creation_seconds", "type=k8s,runtime=InProcess"));
        Assert.True(Assert.Single(seen.Gauge("kubeflex_certificate_next_renewal_timestamp_seconds")).Value > h.Time.GetUtcNow().ToUnixTimeSeconds());

        await h.DeleteAsync("good");
        while (seen.Gauge("kubeflex_controlplanes").ContainsKey("type=k8s,runtime=InProcess,phase=Ready")) await Task.Delay(1, h.Cancellation);
    }

    [Fact]
    public async Task One_that_was_ready_before_is_no_creation()
    {
        using var meter = new Meter("test");
        using var seen = new Measured(meter);
        await using (var before = new Harness())
        {
            before.Run();
            before.CreateControlPlane("old");
            await before.UntilAsync(() => before.IsReady("old"));
            await using var h = new Harness(new OperatorOptions { Meter = meter });
            h.Api.Put(Harness.ControlPlane("old"), before.Find("old")!);
            h.CreateControlPlane("new");
            h.Run();
            await h.UntilAsync(() => h.IsReady("new"));
            while (seen.Times("kubeflex_controlplane_creation_seconds", "type=k8s,runtime=InProcess") == 0) await Task.Delay(1, h.Cancellation);
            Assert.Equal(1, seen.Times("kubeflex_controlplane_creation_seconds", "type=k8s,runtime=InProcess"));
        }
    }

    private sealed class Measured : IDisposable
    {
        private readonly MeterListener listener = new();
        private readonly ConcurrentQueue<(string Name, string Labels, double Value)> values = new();

        public Measured(Meter meter)
        {
            listener.InstrumentPublished = (i, l) =>
            {
                if (ReferenceEquals(i.Meter, meter)) l.EnableMeasurementEvents(i);
            };
            listener.SetMeasurementEventCallback<long>((i, v, tags, _) => Take(i, v, tags));
            listener.SetMeasurementEventCallback<double>((i, v, tags, _) => Take(i, v, tags));
            listener.Start();
        }

        public Dictionary<string, double> Gauge(string name)
        {
            var from = values.Count;
            listener.RecordObservableInstruments();
            return values.Skip(from).Where(v => v.Name == name).ToDictionary(v => v.Labels, v => v.Value);
        }

        public double Total(string name, string labels) => values.Where(v => v.Name == name && v.Labels == labels).Sum(v => v.Value);

        public int Times(string name, string labels) => values.Count(v => v.Name == name && v.Labels == labels);

        public void Dispose() => listener.Dispose();

        private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var labels = new List<string>();
            foreach (var (key, v) in tags) labels.Add($"{key}={v}");
            values.Enqueue((instrument.Name, string.Join(',', labels), value));
        }
    }
}
