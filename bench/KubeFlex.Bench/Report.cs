using System.Globalization;

namespace KubeFlex.Bench;

/// <summary>A table of what was measured.</summary>
internal sealed class Report
{
    private readonly List<string> rows = [];

    public void Add(string what, string ours, string peer, string ratio)
    {
        rows.Add($"| {what} | {ours} | {peer} | {ratio} |");
        Console.Error.WriteLine($"{what}: {ours} (peer: {peer}; {ratio})");
    }

    public string ToMarkdown() => $"""
        Machine: {Environment.ProcessorCount} cores, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GiB, .NET {Environment.Version}

        | what | KubeFlex | peer in the same run | ratio or difference |
        |---|---|---|---|
        {string.Join('\n', rows)}
        """;

    /// <summary>Median, smallest and largest.</summary>
    public static string Spread(IReadOnlyList<double> values, string format = "0", string unit = "") =>
        $"{Number(new Latencies(values).Percentile(50), format)}{unit} ({Number(values.Min(), format)} to {Number(values.Max(), format)})";

    public static string Number(double value, string format = "0") => value.ToString(format, CultureInfo.InvariantCulture);
}

/// <summary>Latencies of one run.</summary>
internal sealed class Latencies(IReadOnlyList<double> milliseconds)
{
    private readonly double[] sorted = [.. milliseconds.Order()];

    public double Percentile(double p) => sorted[Math.Min(sorted.Length - 1, (int)Math.Ceiling(p / 100 * sorted.Length) - 1)];
}
