using KubeFlex.Bench;
using KubeFlex.Bench.Etcd;
using KubeFlex.Bench.Stores;

// Measures the promises of docs/performance.md: each number beside its peer's from the same run.
//   dotnet run -c Release --project bench/KubeFlex.Bench -- [start|ready|get|create|fleet|etcd|postgres|stores|idle]…   (all when none is named)
//   dotnet run -c Release --project bench/KubeFlex.Bench -- bare PORT-FILE                      (the peer: a bare Kestrel HTTPS server)
//   dotnet run -c Release --project bench/KubeFlex.Bench -- put URL CLIENTS SECONDS [CONNECTIONS]   (load for a profiler: puts of 1 KiB into whatever speaks etcd's API)
if (args is ["bare", var portFile]) return await BareServer.RunAsync(portFile);
if (args is ["bare", var file, var port]) return await BareServer.RunAsync(file, int.Parse(port, System.Globalization.CultureInfo.InvariantCulture));
if (args is ["put", var url, var clients, var seconds, .. var connections])
{
    int Number(string text) => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
    await EtcdBenchmark.PutAsync(new Uri(url), Number(clients), Number(seconds), connections is [var shared] ? Number(shared) : null);
    return 0;
}

var all = new Dictionary<string, Func<Report, Task>>
{
    ["start"] = StartBenchmark.RunAsync,
    ["ready"] = ControlPlaneBenchmark.RunAsync,
    ["get"] = GetBenchmark.RunAsync,
    ["create"] = CreateBenchmark.RunAsync,
    ["fleet"] = FleetBenchmark.RunAsync,
    ["etcd"] = EtcdBenchmark.RunAsync,
    ["postgres"] = PostgresBenchmark.RunAsync,
    ["stores"] = StoresBenchmark.RunAsync,
    ["idle"] = IdleBenchmark.RunAsync,
};
var wanted = args.Length == 0 ? [.. all.Keys] : args;
if (wanted.FirstOrDefault(w => !all.ContainsKey(w)) is { } unknown)
{
    await Console.Error.WriteLineAsync($"unknown benchmark \"{unknown}\": choose from {string.Join(", ", all.Keys)}");
    return 2;
}
var report = new Report();
foreach (var name in wanted) await all[name](report);
Console.WriteLine(report.ToMarkdown());
return 0;
