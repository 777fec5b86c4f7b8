using System.Diagnostics;
using System.Net;

namespace KubeFlex.Bench;

/// <summary>From process start to the first good answer.</summary>
internal static class StartBenchmark
{
    public static async Task RunAsync(Report report)
    {
        List<double> ours = [], bare = [];
        for (var i = 0; i < 7; i++)
        {
            ours.Add(await MeasureAsync(bare: false, "readyz"));
            bare.Add(await MeasureAsync(bare: true, ""));
        }
        var (a, b) = (new Latencies(ours).Percentile(50), new Latencies(bare).Percentile(50));
        report.Add("process start to first answer of /readyz, fresh data directory, median of 7", $"{Report.Number(a)} ms", $"bare Kestrel HTTPS {Report.Number(b)} ms", $"+{Report.Number(a - b)} ms");
    }

    private static async Task<double> MeasureAsync(bool bare, string path)
    {
        var clock = Stopwatch.StartNew();
        await using var peer = await Peer.StartingAsync(bare);
        using var client = peer.NewClient(HttpVersion.Version11);
        while (true)
        {
            try
            {
                using var response = await client.GetAsync(new Uri(path, UriKind.Relative));
                if (response.IsSuccessStatusCode) return clock.Elapsed.TotalMilliseconds;
            }
            catch (HttpRequestException)
            {
                // Nobody listens yet.
            }
            await Task.Delay(1);
        }
    }
}
