using System.Text.RegularExpressions;
using KubeFlex.EndToEnd.Harness;
using KubeFlex.TestShared.Postgres;

namespace KubeFlex.EndToEnd.Sharing;

/// <summary>One PostgreSQL for the tests of several servers.</summary>
public sealed class SharingFixture : IAsyncLifetime
{
    private PostgresServer? postgres;

    public async ValueTask InitializeAsync() => postgres = await PostgresServer.StartAsync();

    /// <summary>URL of a new database; skips the test when PostgreSQL is not installed.</summary>
    public async Task<string> NewDatabaseAsync()
    {
        if (postgres is not null) return await postgres.CreateDatabaseAsync();
        const string why = "PostgreSQL is not installed (Debian: apt-get install postgresql)";
        if (Environment.GetEnvironmentVariable("CI") == "true") Assert.Fail(why);
        Assert.Skip(why);
        return "";
    }

    /// <summary>How many stores each server has, by URL.</summary>
    public async Task<IReadOnlyDictionary<string, int>> StoresAsync(string database)
    {
        var rows = await postgres!.SqlAsync(database[(database.LastIndexOf('/') + 1)..],
            "select m.url, count(*) from kubeflex_store s join kubeflex_member m on m.id = s.owner where m.expires > clock_timestamp() group by m.url");
        return rows.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(row => row.Split('|')).ToDictionary(row => row[0], row => int.Parse(row[1], System.Globalization.CultureInfo.InvariantCulture));
    }

    public async ValueTask DisposeAsync()
    {
        if (postgres is not null) await postgres.DisposeAsync();
    }
}

/// <summary>Two servers on one database. A is started first: it has the hosting control plane.</summary>
internal sealed partial class SharedServers : IAsyncDisposable
{
    private readonly DirectoryInfo files = Directory.CreateTempSubdirectory("kubeflex-shared-");
    private int made;

    private SharedServers(string database) => (Database, A, B) = (database, new TestServer { Datastore = database }, new TestServer { Datastore = database });

    public string Database { get; }

    public TestServer A { get; }

    public TestServer B { get; }

    public static async Task<SharedServers> StartAsync(SharingFixture postgres)
    {
        var servers = new SharedServers(await postgres.NewDatabaseAsync());
        try
        {
            await servers.A.StartProcessAsync();
            await servers.B.StartProcessAsync();
            return servers;
        }
        catch
        {
            await servers.DisposeAsync();
            throw;
        }
    }

    /// <summary>The same kubeconfig, but for the address of the server.</summary>
    public string At(TestServer server, string kubeconfig)
    {
        var file = Path.Combine(files.FullName, $"{Interlocked.Increment(ref made)}.kubeconfig");
        File.WriteAllText(file, Address().Replace(File.ReadAllText(kubeconfig), server.Url));
        return file;
    }

    public async ValueTask DisposeAsync()
    {
        await A.DisposeAsync();
        await B.DisposeAsync();
        files.Delete(true);
    }

    [GeneratedRegex(@"https://127\.0\.0\.1:\d+")]
    private static partial Regex Address();
}
