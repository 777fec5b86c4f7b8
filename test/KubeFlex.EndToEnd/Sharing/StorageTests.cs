using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Sharing;

/// <summary>Two servers of the storage alone: one serves, the other stands by.</summary>
public sealed class StorageTests(SharingFixture postgres) : IClassFixture<SharingFixture>
{
    [Fact]
    public async Task The_second_answers_as_one_that_is_not_the_leader_until_the_first_is_gone()
    {
        var folder = Directory.CreateTempSubdirectory("kubeflex-etcd-");
        var environment = new Dictionary<string, string?> { ["KUBEFLEX_DATASTORE"] = await postgres.NewDatabaseAsync(), ["ETCDCTL_API"] = "3" };
        using var first = await StartAsync("first");
        using var second = await StartAsync("second");
        (await EtcdctlAsync("first", "put", "greeting", "hello")).Ok();
        Assert.Contains("leader changed", (await EtcdctlAsync("second", "get", "greeting")).Fails(), StringComparison.Ordinal);
        first.Process.Kill();
        await Eventually.TrueAsync(async () => (await EtcdctlAsync("second", "get", "greeting")).Output.Contains("hello", StringComparison.Ordinal), "the second serves", 60);
        (await EtcdctlAsync("second", "put", "greeting", "hello again")).Ok();
        Assert.Equal(0, await TestServer.TerminateAsync(second));
        folder.Delete(true);

        async Task<RunningCommand> StartAsync(string name)
        {
            var server = Command.Start(Repository.Server, ["storage", "serve", "--listen-etcd", "http://127.0.0.1:0", "--port-file", Path.Combine(folder.FullName, name)], environment);
            await server.LineAsync(l => l.StartsWith("KubeFlex storage serves", StringComparison.Ordinal));
            return server;
        }

        async Task<CommandResult> EtcdctlAsync(string server, params string[] args) => await Command.RunAsync(Tools.Etcdctl,
            ["--endpoints", $"127.0.0.1:{(await File.ReadAllTextAsync(Path.Combine(folder.FullName, server))).Trim()}", "--command-timeout=2s", .. args], environment);
    }
}
