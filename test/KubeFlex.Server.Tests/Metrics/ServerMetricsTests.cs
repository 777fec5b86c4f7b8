using KubeFlex.Server.Metrics;

namespace KubeFlex.Server.Tests.Metrics;

public sealed class ServerMetricsTests
{
    [Fact]
    public void Requests_are_counted_by_outcome_and_while_they_last()
    {
        using var metrics = new ServerMetrics(TimeProvider.System);
        for (var i = 0; i < 4; i++) metrics.Begin();
        metrics.End(200);
        metrics.End(201);
        metrics.End(404);
        var text = metrics.Write();
        Assert.Contains("# TYPE kubeflex_http_requests_total counter\n", text, StringComparison.Ordinal);
        Assert.Contains("kubeflex_http_requests_total{code=\"2xx\"} 2\n", text, StringComparison.Ordinal);
        Assert.Contains("kubeflex_http_requests_total{code=\"4xx\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("kubeflex_http_requests_open 1\n", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE process_cpu_seconds_total counter\n", text, StringComparison.Ordinal);
        Assert.Matches(@"process_resident_memory_bytes [1-9]\d+", text);
        // A second look shows totals, not totals added up.
        Assert.Contains("kubeflex_http_requests_total{code=\"2xx\"} 2\n", metrics.Write(), StringComparison.Ordinal);
    }
}
