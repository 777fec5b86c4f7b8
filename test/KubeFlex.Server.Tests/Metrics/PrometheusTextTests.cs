using System.Diagnostics.Metrics;
using KubeFlex.Server.Metrics;

namespace KubeFlex.Server.Tests.Metrics;

public sealed class PrometheusTextTests
{
    [Fact]
    public void Counters_gauges_and_histograms_are_written_as_Prometheus_reads_them()
    {
        using var meter = new Meter("test");
        using var stranger = new Meter("test");
        using var text = new PrometheusText(meter);
        var counter = meter.CreateCounter<long>("errors_total", description: "Errors\nby \\ type.");
        var gauge = new List<Measurement<long>> { new(2, new KeyValuePair<string, object?>("type", "k8s"), new("phase", "Ready")) };
        meter.CreateObservableGauge("planes", () => gauge, description: "Planes.");
        var histogram = meter.CreateHistogram("took_seconds", "s", "Time.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.5, 2] });
        stranger.CreateCounter<long>("foreign_total").Add(1);
        counter.Add(1, new KeyValuePair<string, object?>("type", "a\"b\\c\nd"));
        counter.Add(2, new KeyValuePair<string, object?>("type", "a\"b\\c\nd"));
        foreach (var value in new[] { 0.25, 0.5, 1, 10 }) histogram.Record(value);

        Assert.Equal("""
            # HELP errors_total Errors\nby \\ type.
            # TYPE errors_total counter
            errors_total{type="a\"b\\c\nd"} 3
            # HELP planes Planes.
            # TYPE planes gauge
            planes{type="k8s",phase="Ready"} 2
            # HELP took_seconds Time.
            # TYPE took_seconds histogram
            took_seconds_bucket{le="0.5"} 2
            took_seconds_bucket{le="2"} 3
            took_seconds_bucket{le="+Inf"} 4
            took_seconds_sum 11.75
            took_seconds_count 4

            """, text.Write());
        gauge.Clear();
        Assert.DoesNotContain("planes", text.Write(), StringComparison.Ordinal);
    }
}
