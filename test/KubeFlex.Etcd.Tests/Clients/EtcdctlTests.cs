using System.Diagnostics;
using System.Net.Sockets;
using KubeFlex.Etcd.Tests.Support;

namespace KubeFlex.Etcd.Tests.Clients;

/// <summary>Debian's etcdctl 3.4, which knows nothing of us.</summary>
public sealed class EtcdctlTests
{
    private const string Program = "/usr/bin/etcdctl";

    private static Process Start(TestEtcd etcd, string[] args)
    {
        if (!File.Exists(Program)) Assert.Skip("etcdctl is not installed: run tools/install-test-tools.sh");
        var start = new ProcessStartInfo(Program, args) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment["ETCDCTL_API"] = "3";
        if (!args.Contains("--endpoints")) start.Environment["ETCDCTL_ENDPOINTS"] = etcd.Endpoint;
        return Process.Start(start)!;
    }

    private static async Task<string> RunAsync(TestEtcd etcd, string[] args, string input = "", int code = 0)
    {
        using var process = Start(etcd, args);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == code, $"etcdctl {string.Join(' ', args)}: {process.ExitCode}\n{output}\n{await errors}");
        return code == 0 ? output.Trim() : await errors;
    }

    private static Task<string> RunAsync(TestEtcd etcd, string args) => RunAsync(etcd, args.Split(' '));

    [Fact]
    public async Task Its_verbs_work()
    {
        await using var etcd = await TestEtcd.StartAsync();
        Assert.Equal("OK", await RunAsync(etcd, "put a 1"));
        Assert.Equal("OK\na\n1", await RunAsync(etcd, "put a 2 --prev-kv"));
        Assert.Equal("a\n2", await RunAsync(etcd, "get a"));
        Assert.Equal("a\n1", await RunAsync(etcd, "get a --rev=2"));
        Assert.Equal("SUCCESS\n\nOK\n\na\n3", await RunAsync(etcd, ["txn"], "value(\"a\") = \"2\"\n\nput a 3\nget a\n\ndel a\n\n"));
        Assert.Equal("1", await RunAsync(etcd, "del a"));
        Assert.Contains("compacted revision 4", await RunAsync(etcd, "compaction 4"), StringComparison.Ordinal);
        Assert.Contains("etcdserver: mvcc: required revision has been compacted", await RunAsync(etcd, ["get", "a", "--rev=2"], code: 1), StringComparison.Ordinal);
        Assert.Contains(", 3.6.", await RunAsync(etcd, "endpoint status"), StringComparison.Ordinal);
        await RunAsync(etcd, "endpoint hashkv");
        await RunAsync(etcd, "endpoint health");
        await RunAsync(etcd, "alarm list");
        await RunAsync(etcd, "defrag");
        Assert.Contains("kubeflex", await RunAsync(etcd, "member list"), StringComparison.Ordinal);

        var lease = (await RunAsync(etcd, "lease grant 60")).Split(' ')[1];
        await RunAsync(etcd, $"put l 1 --lease={lease}");
        Assert.Contains("attached keys([l])", await RunAsync(etcd, $"lease timetolive {lease} --keys"), StringComparison.Ordinal);
        await RunAsync(etcd, $"lease keep-alive --once {lease}");
        await RunAsync(etcd, $"lease revoke {lease}");
        Assert.Equal("", await RunAsync(etcd, "get l"));
    }

    /// <summary>With a scheme it puts into :authority what is none.</summary>
    [Fact]
    public async Task Its_endpoints_may_have_a_scheme_or_be_a_socket()
    {
        await using var etcd = await TestEtcd.StartAsync();
        await using var socket = await etcd.ListenAsync(new UnixDomainSocketEndPoint(Path.Combine(etcd.Folder, "etcd.sock")));
        Assert.Equal($"unix://{etcd.Folder}/etcd.sock", socket.Url);
        foreach (var endpoint in (string[])["http://" + etcd.Endpoint, socket.Url])
        {
            Assert.Equal("OK", await RunAsync(etcd, $"--endpoints {endpoint} put a {endpoint}"));
            Assert.Equal($"a\n{endpoint}", await RunAsync(etcd, $"--endpoints {endpoint} get a"));
            Assert.Contains(", 3.6.", await RunAsync(etcd, $"--endpoints {endpoint} endpoint status"), StringComparison.Ordinal);
            await RunAsync(etcd, $"--endpoints {endpoint} endpoint hashkv");
            await RunAsync(etcd, $"--endpoints {endpoint} endpoint health");
            await RunAsync(etcd, $"--endpoints {endpoint} defrag");
        }
    }

    [Fact]
    public async Task It_watches()
    {
        await using var etcd = await TestEtcd.StartAsync();
        await etcd.Client.PutAsync("w1", "0");
        using var process = Start(etcd, ["watch", "--prefix", "w", "--rev=2"]);
        await etcd.Client.PutAsync("w2", "1");
        await etcd.Client.DeleteAsync("w1");
        var lines = new List<string?>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (lines.Count < 8) lines.Add(await process.StandardOutput.ReadLineAsync(patience.Token));
        process.Kill();
        Assert.Equal(["PUT", "w1", "0", "PUT", "w2", "1", "DELETE", "w1"], lines);
    }

    [Fact]
    public async Task It_saves_and_restores_snapshots()
    {
        await using var etcd = await TestEtcd.StartAsync();
        // Enough for leaves, branches and a value over several pages.
        for (var i = 0; i < 40; i++)
        {
            await etcd.Store.CommitAsync(new([], [.. Enumerable.Range(0, 40).Select(j => new Storage.PutOperation([(byte)i, (byte)j], new byte[j == 7 ? 9_000 : 100]))], []), default);
        }
        await etcd.Client.DeleteAsync("\u0001", "\u0002");
        await etcd.Client.CompactAsync(20);
        var lease = await etcd.Store.GrantLeaseAsync(0, 60, default);
        await etcd.Client.PutAsync("l", "1", lease);
        var file = Path.Combine(etcd.Folder, "snapshot");
        await RunAsync(etcd, $"snapshot save {file}");
        var status = await RunAsync(etcd, $"snapshot status {file} -w json");
        Assert.Contains("\"revision\":43", status, StringComparison.Ordinal);
        // 1,600 puts, 40 tombstones, the leased key, its lease, three entries of the meta bucket.
        Assert.Contains($"\"totalKey\":{1600 + 40 + 1 + 1 + 3}", status, StringComparison.Ordinal);
        await RunAsync(etcd, $"snapshot restore {file} --data-dir {file}.etcd");
        Assert.True(File.Exists($"{file}.etcd/member/snap/db"));
    }
}
