using System.Globalization;
using KubeFlex.History.Driving;
using KubeFlex.History.Fuzzing;
using KubeFlex.TestShared.Postgres;

namespace KubeFlex.History;

/// <summary>The long run: many faults, one after the other, in random order, and the checker on everything that clients saw.</summary>
internal static class LongRun
{
    private const string Usage = """
        Usage: KubeFlex.History [--on sqlite|postgres] [--kills 50] [--pauses 10] [--slow-disks 5] [--full-disks 0] [--second-owners 2] [--fuzz 20000]
                                [--postgres-crashes 0] [--cuts 0] [--takeovers 0]
                                [--clients 8] [--keys 24] [--datastore URL] [--server FILE] [--seed N]

          --on           sqlite: a file in a temporary directory; postgres: a server of this run's own, needs PostgreSQL installed
          --datastore    another one, which must be empty; then there are no faults of PostgreSQL
          --second-owners  a second server on the same data; on SQLite only, where it must be refused
          --takeovers    on PostgreSQL: a second server takes over from one that is killed or stopped
          --cuts         on PostgreSQL: all connections are cut
          --fuzz         spoilt messages and connections sent afterwards
          --full-disks   needs root: the data then lie on a small file system in memory
          --server       the server's executable (default: the release build)
          --seed         orders faults and requests
        """;

    public static async Task<int> MainAsync(string[] args)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["--kills"] = "50", ["--pauses"] = "10", ["--slow-disks"] = "5", ["--full-disks"] = "0", ["--second-owners"] = "2", ["--fuzz"] = "20000",
            ["--on"] = "sqlite", ["--postgres-crashes"] = "0", ["--cuts"] = "0", ["--takeovers"] = "0", ["--clients"] = "8", ["--keys"] = "24",
            ["--datastore"] = "", ["--server"] = "", ["--seed"] = $"{Environment.TickCount}",
        };
        for (var i = 0; i < args.Length; i += 2)
        {
            if (values.ContainsKey(args[i]) && i + 1 < args.Length)
            {
                values[args[i]] = args[i + 1];
                continue;
            }
            Console.Error.WriteLine(args[i] is "--help" or "-h" ? Usage : $"\"{args[i]}\" is unknown or lacks a value\n{Usage}");
            return 2;
        }
        int Number(string name) => int.TryParse(values[name], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number
            : throw new ArgumentException($"{name} \"{values[name]}\" is no number");
        try
        {
            return await RunAsync(values, Number);
        }
        catch (ArgumentException e)
        {
            Console.Error.WriteLine(e.Message);
            return 2;
        }
    }

    private static async Task<int> RunAsync(Dictionary<string, string> values, Func<string, int> number)
    {
        var seed = number("--seed");
        await using var disk = number("--full-disks") > 0 ? await SmallDisk.MountAsync(256) ?? throw new ArgumentException("--full-disks: a file system in memory cannot be mounted here") : null;
        var temporary = Directory.CreateTempSubdirectory("kubeflex-long-run-");
        var folder = disk?.Path ?? temporary.FullName;
        await using var postgres = values["--on"] == "postgres" ? await PostgresServer.StartAsync() ?? throw new ArgumentException("--on postgres: PostgreSQL is not installed") : null;
        var datastore = values["--datastore"] is { Length: > 0 } url ? url : postgres is not null ? await postgres.CreateDatabaseAsync() : "sqlite:" + Path.Combine(folder, "data.db");
        IFault[] faults =
        [
            .. Enumerable.Repeat(new KillFault(), number("--kills")), .. Enumerable.Repeat(new PauseFault(), number("--pauses")),
            .. Enumerable.Repeat(new SlowDiskFault(folder), number("--slow-disks")), .. Enumerable.Repeat(new SecondOwnerFault(), postgres is null ? number("--second-owners") : 0),
            .. postgres is null ? [] : (IFault[])
            [
                .. Enumerable.Repeat(new PostgresCrashFault(postgres), number("--postgres-crashes")), .. Enumerable.Repeat(new CutConnectionsFault(postgres), number("--cuts")),
                .. Enumerable.Repeat(new TakeoverFault(), number("--takeovers")),
            ],
            .. disk is null ? [] : Enumerable.Repeat(new FullDiskFault(disk), number("--full-disks")),
        ];
        new Random(seed).Shuffle(faults);
        Console.WriteLine($"seed {seed}");
        try
        {
            await using var run = new FaultRun(new(values["--server"] is { Length: > 0 } server ? server : Repository.Server, datastore, folder, faults, seed) { Clients = number("--clients"), Keys = number("--keys"), Progress = Console.Out });
            var result = await run.RunAsync(CancellationToken.None);
            Console.WriteLine(result);
            await new ProtocolFuzzer(run.Server, seed).RunAsync(number("--fuzz"), CancellationToken.None);
            Console.WriteLine($"{values["--fuzz"]} spoilt messages and connections: still well");
            return result.Report.Count == 0 ? 0 : 1;
        }
        finally
        {
            temporary.Delete(true);
        }
    }
}
