using System.Diagnostics.Metrics;
using KubeFlex.Server.ControlPlanes;
using KubeFlex.Server.Data;

namespace KubeFlex.Server.Metrics;

/// <summary>What the whole process counts, beside the operator: requests by outcome, what it holds, what it takes. Names are Prometheus'.</summary>
internal sealed class ServerMetrics : IDisposable
{
    private readonly long[] answered = new long[6];
    private readonly PrometheusText text;
    private long open;

    public ServerMetrics(TimeProvider time)
    {
        Meter = new Meter("KubeFlex.Server");
        text = new PrometheusText(Meter);
        var started = time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
        Meter.CreateObservableCounter("kubeflex_http_requests_total", Answered, description: "Requests answered, by class of status code; watches count when they end.");
        Meter.CreateObservableGauge("kubeflex_http_requests_open", () => Interlocked.Read(ref open), description: "Requests under way, watches included.");
        Meter.CreateObservableGauge("process_resident_memory_bytes", () => Environment.WorkingSet, description: "Resident memory.");
        Meter.CreateObservableCounter("process_cpu_seconds_total", () => Environment.CpuUsage.TotalTime.TotalSeconds, description: "Processor time, of the user and the system.");
        Meter.CreateObservableGauge("process_start_time_seconds", () => started, description: "When the process started, in seconds since 1970.");
        Meter.CreateObservableCounter("kubeflex_gc_collections_total", Collections, description: "Garbage collections, by generation.");
    }

    /// <summary>For further instruments.</summary>
    public Meter Meter { get; }

    /// <summary>Adds what is known once the server is up.</summary>
    public void Observe(DataDirectory directory, ControlPlaneHost host)
    {
        Meter.CreateObservableGauge<long>("kubeflex_controlplanes_open", () => host.OpenCount, description: "Control planes open in this process; one that nobody has asked for since the start is not.");
        Meter.CreateObservableGauge("kubeflex_storage_file_bytes", () => Files(directory), description: "Size of the database files in the data directory.");
    }

    public void Begin() => Interlocked.Increment(ref open);

    public void End(int status)
    {
        Interlocked.Decrement(ref open);
        Interlocked.Increment(ref answered[Math.Clamp(status / 100, 0, 5)]);
    }

    /// <summary>All values now, in Prometheus' text format.</summary>
    public string Write() => text.Write();

    public void Dispose()
    {
        text.Dispose();
        Meter.Dispose();
    }

    private IEnumerable<Measurement<long>> Answered()
    {
        for (var i = 1; i < answered.Length; i++) yield return new Measurement<long>(Interlocked.Read(ref answered[i]), new KeyValuePair<string, object?>("code", $"{i}xx"));
    }

    private static IEnumerable<Measurement<long>> Collections()
    {
        for (var i = 0; i <= GC.MaxGeneration; i++) yield return new Measurement<long>(GC.CollectionCount(i), new KeyValuePair<string, object?>("generation", i));
    }

    // A database server's files are not ours to measure: then there are none here.
    private static IEnumerable<Measurement<long>> Files(DataDirectory directory)
    {
        var beside = new DirectoryInfo(Path.GetDirectoryName(directory.Database)!);
        var shared = beside.Exists ? beside.EnumerateFiles(Path.GetFileName(directory.Database) + "*").Sum(f => f.Length) : 0;
        if (shared > 0) yield return new Measurement<long>(shared, new KeyValuePair<string, object?>("backend", "shared"));
        var dedicated = new DirectoryInfo(Path.GetDirectoryName(directory.Dedicated("any"))!);
        var own = dedicated.Exists ? dedicated.EnumerateFiles("*.db*").Sum(f => f.Length) : 0;
        if (own > 0) yield return new Measurement<long>(own, new KeyValuePair<string, object?>("backend", "dedicated"));
    }
}
