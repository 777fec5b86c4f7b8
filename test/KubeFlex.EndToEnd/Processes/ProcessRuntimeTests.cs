using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Processes;

public sealed partial class ProcessRuntimeTests : IDisposable
{
    private readonly StandIns binaries = new();

    public void Dispose() => binaries.Dispose();

    [Fact]
    public async Task Stock_programs_are_kept_running_come_back_with_the_server_and_leave_nothing()
    {
        await using var server = new TestServer { Assets = binaries.Directory };
        await server.StartProcessAsync();
        var p1 = await server.CreateControlPlaneAsync("p1", "--runtime", "Process");
        var p2 = await server.CreateControlPlaneAsync("p2", "--runtime", "process", "--backend", "dedicated", "--version", "1.35.0");
        Assert.Contains("v1.35.0", await RawAsync(server, p1, "/version"), StringComparison.Ordinal);
        Assert.NotEqual(new Uri(server.Url).Port, await PortOfAsync(server, p1));

        // Each sees its own store and nothing else.
        foreach (var kubeconfig in new[] { p1, p2 })
            Assert.Equal($"/registry/standin/starts/000001={await PortOfAsync(server, kubeconfig)}", await RawAsync(server, kubeconfig, "/standin/keys"));

        // Logs: of both programs, of one, and as they come.
        await Eventually.TrueAsync(async () => (await server.KflexAsync("logs", "p1")).Ok() is var logs
            && logs.Contains("[kube-apiserver] I", StringComparison.Ordinal) && Regex.IsMatch(logs, @"\[kube-controller-manager\] I.*Started 14 controllers against https://127\.0\.0\.1:"), "logs of both programs");
        Assert.DoesNotContain("apiserver", (await server.KflexAsync("logs", "p1", "--component", "kube-controller-manager", "--tail", "1")).Ok(), StringComparison.Ordinal);
        Assert.Contains("is none of kube-apiserver, kube-controller-manager", (await server.KflexAsync("logs", "p1", "--component", "etcd")).Fails(), StringComparison.Ordinal);
        using (var following = Command.Start(Repository.Cli, ["logs", "p1", "-f", "--tail", "1"], server.Environment))
        {
            await following.LineAsync(l => l.StartsWith("[kube-apiserver]", StringComparison.Ordinal));
            await RawAsync(server, p1, "/standin/follow-me");
            await following.LineAsync(l => l.Contains("GET /standin/follow-me by kubernetes-admin", StringComparison.Ordinal));
        }

        // One that dies is started again, on its port and its store.
        var port = await PortOfAsync(server, p1);
        _ = Kill(Pid(server, "p1", "kube-apiserver")!.Value, 9);
        await StartsAsync(server, p1, 2);
        (await server.HostingAsync("wait", "--for=condition=Ready", "cp/p1", "--timeout=150s")).Ok();
        Assert.Contains("was ended by signal 9", (await server.KflexAsync("logs", "p1")).Ok(), StringComparison.Ordinal);

        // New certificates reach it.
        (await server.KflexAsync("certs", "rotate", "p1")).Ok();
        await StartsAsync(server, p1, 3);
        Assert.Equal(port, await PortOfAsync(server, p1));

        var change = await server.HostingAsync("patch", "cp", "p1", "--type=merge", "-p", """{"spec":{"runtime":"InProcess"}}""");
        if (change.ExitCode != 0) Assert.Contains("runtime cannot change", change.Error, StringComparison.Ordinal);
        else await ConditionAsync(server, "p1", "Synced", "spec.runtime: cannot change");
        (await server.HostingAsync("patch", "cp", "p1", "--type=merge", "-p", """{"spec":{"runtime":"Process","paused":true}}""")).Ok();

        // A server that is killed takes its children with it; the next one brings them back, paused or not.
        var children = Children(server, "p1", "p2");
        Assert.Equal(4, children.Count);
        var listen = new Uri(server.Url).Authority;
        await server.KillAsync();
        await Eventually.TrueAsync(() => Task.FromResult(!children.Any(IsAlive)), "the children end with the server");
        await server.StartProcessAsync(listen);
        await StartsAsync(server, p1, 4);
        await StartsAsync(server, p2, 2);
        Assert.Equal(port, await PortOfAsync(server, p1));

        // Deleting leaves nothing.
        children = Children(server, "p1", "p2");
        (await server.KflexAsync("delete", "p1", "p2", "--yes")).Ok();
        Assert.DoesNotContain(children, IsAlive);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(server.Data, "processes")));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(server.Data, "dedicated")));
        Assert.Equal(0, await server.TerminateAsync());
        Assert.Equal(["host"], Database.Stores(Path.Combine(server.Data, "kubeflex.db")).Where(n => n != "(deleted)"));
        await WithRealBinariesAsync();
    }

    [Fact]
    public async Task Crash_loops_and_taken_ports_are_told_and_pass()
    {
        await using var server = new TestServer { Assets = binaries.Directory };
        await server.StartProcessAsync();
        binaries.Crash("kube-apiserver", "the disk is made of cheese");
        (await server.KflexAsync("create", "p1", "--runtime", "Process", "--wait=none")).Ok();
        await ConditionAsync(server, "p1", "Ready", "kube-apiserver ended with exit code 1; it is started again with growing delays. Its last words: the disk is made of cheese");
        await Eventually.TrueAsync(async () => Regex.IsMatch((await server.KflexAsync("logs", "p1", "--component", "kube-apiserver")).Ok(), "started again in 0.5 s(.|\n)*started again in 1 s"), "growing delays");
        binaries.Crash("kube-controller-manager", "no leader to follow");
        binaries.Crash("kube-apiserver", null);
        await ConditionAsync(server, "p1", "Ready", "kube-controller-manager ended with exit code 1; it is started again with growing delays. Its last words: no leader to follow");
        binaries.Crash("kube-controller-manager", null);
        (await server.HostingAsync("wait", "--for=condition=Ready", "cp/p1", "--timeout=150s")).Ok();

        // Somebody else takes its port while the server is down.
        var kubeconfig = Path.Combine(server.Home, "p1.kubeconfig");
        await WriteKubeconfigAsync(server, kubeconfig);
        var port = await PortOfAsync(server, kubeconfig);
        var children = Children(server, "p1");
        var listen = new Uri(server.Url).Authority;
        Assert.Equal(0, await server.TerminateAsync());
        Assert.DoesNotContain(children, IsAlive);
        using (var other = new TcpListener(IPAddress.Loopback, port))
        {
            other.Start();
            await server.StartProcessAsync(listen);
            await Eventually.TrueAsync(async () =>
            {
                await WriteKubeconfigAsync(server, kubeconfig);
                return await PortOfAsync(server, kubeconfig) != port;
            }, "the kubeconfig names another port");
            await StartsAsync(server, kubeconfig, 2);
        }
        (await server.KflexAsync("delete", "p1", "--yes")).Ok();
    }

    [Fact]
    public async Task What_cannot_run_is_told_with_the_way_out()
    {
        using var empty = new StandIns(install: false);
        await using var server = new TestServer { Assets = empty.Directory };
        await server.StartProcessAsync();
        (await server.KflexAsync("create", "p1", "--runtime", "Process", "--version", "1.34.2", "--wait=none")).Ok();
        await ConditionAsync(server, "p1", "Synced", $"looked for in {empty.Directory} (KUBEBUILDER_ASSETS), where kube-apiserver and kube-controller-manager are missing: put them there, or name another directory with --binary-assets-dir");
        empty.Install();
        await ConditionAsync(server, "p1", "Synced", "spec.version: \"1.34.2\" is asked for, and " + Path.Combine(empty.Directory, "kube-apiserver") + " is version 1.35.0");
        foreach (var (field, expected) in new[] { ("\"replicas\":2", "runs one kube-apiserver"), ("\"replicas\":1,\"resources\":{\"limits\":{\"cpu\":\"1\"}}", "spec.resources") })
        {
            var patched = await server.HostingAsync("patch", "cp", "p1", "--type=merge", "-p", "{\"spec\":{" + field + "}}");
            if (patched.ExitCode != 0) Assert.Contains("runtime Process runs one kube-apiserver", patched.Fails(), StringComparison.Ordinal);
            else await ConditionAsync(server, "p1", "Synced", expected);
        }
        (await server.HostingAsync("patch", "cp", "p1", "--type=json", "-p", """[{"op":"replace","path":"/spec","value":{"type":"k8s","backend":"shared","runtime":"Process"}}]""")).Ok();
        (await server.HostingAsync("wait", "--for=condition=Ready", "cp/p1", "--timeout=150s")).Ok();
        (await server.KflexAsync("delete", "p1", "--yes")).Ok();
    }

    [Fact]
    public async Task Where_the_kernel_does_not_help_a_guard_ends_the_program_when_the_server_is_gone()
    {
        using var guard = Command.Start(Repository.Server, ["supervise", "--parent", "1", "--guard", "--", "/bin/sh", "-c", "echo $$; exec sleep 600"], new Dictionary<string, string?>());
        var program = int.Parse(await guard.LineAsync(l => int.TryParse(l, out _)), CultureInfo.InvariantCulture);
        Assert.True(IsAlive(program));
        guard.Process.StandardInput.Close();
        await Eventually.TrueAsync(() => Task.FromResult(guard.Process.HasExited && !IsAlive(program)), "guard and program end");

        // A server that has died before the program was started is noticed too.
        var late = await Command.RunAsync(Repository.Server, ["supervise", "--parent", "1", "--", "/bin/sh", "-c", "exit 0"], new Dictionary<string, string?>());
        Assert.Contains("the server has ended", late.Fails(), StringComparison.Ordinal);
    }

    // The same with the stock programs, wherever there are some; they cannot be had everywhere.
    private static async Task WithRealBinariesAsync()
    {
        var assets = Environment.GetEnvironmentVariable("KUBEBUILDER_ASSETS");
        if (assets is null || !StandIns.Programs.All(p => File.Exists(Path.Combine(assets, p)))) return;
        await using var server = new TestServer { Assets = assets };
        await server.StartProcessAsync();
        var real = await server.CreateControlPlaneAsync("real", "--runtime", "Process", "--timeout", "120s");
        (await server.KubectlAsync(real, null, "create", "namespace", "n")).Ok();
        (await server.KubectlAsync(real, null, "create", "configmap", "c", "-n", "n", "--from-literal=a=b")).Ok();
        await server.KillAsync();
        await server.StartProcessAsync();
        await Eventually.TrueAsync(async () => (await server.KubectlAsync(real, null, "get", "configmap", "c", "-n", "n", "-o", "jsonpath={.data.a}")) is { ExitCode: 0, Output: "b" }, "the data is there again");
        (await server.KflexAsync("delete", "real", "--yes")).Ok();
    }

    private static async Task<string> RawAsync(TestServer server, string kubeconfig, string path) => (await server.KubectlAsync(kubeconfig, null, "get", "--raw", path)).Ok();

    // What was acknowledged before is still counted: the store is the same.
    private static Task StartsAsync(TestServer server, string kubeconfig, int count) => Eventually.TrueAsync(
        async () => await server.KubectlAsync(kubeconfig, null, "get", "--raw", "/standin/starts") is { ExitCode: 0 } answer && answer.Output.Trim() == count.ToString(CultureInfo.InvariantCulture), $"start number {count}");

    private static async Task<string> ConditionAsync(TestServer server, string name, string type, string text)
    {
        var message = "";
        try
        {
            await Eventually.TrueAsync(async () => (message = (await server.HostingAsync("get", "cp", name, "-o", $"jsonpath={{.status.conditions[?(@.type=='{type}')].message}}")).Ok()).Contains(text, StringComparison.Ordinal), text);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"condition {type} says: {message}", e);
        }
        return message;
    }

    private static async Task WriteKubeconfigAsync(TestServer server, string file) => await File.WriteAllTextAsync(file, (await server.KflexAsync("kubeconfig", "p1")).Ok());

    private static async Task<int> PortOfAsync(TestServer server, string kubeconfig) =>
        new Uri((await server.KubectlAsync(kubeconfig, null, "config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")).Ok()).Port;

    private static int? Pid(TestServer server, string name, string program) =>
        Path.Combine(server.Data, "processes", name, $"{program}.pid") is var file && File.Exists(file) ? int.Parse(File.ReadAllText(file).Split(' ')[0], CultureInfo.InvariantCulture) : null;

    private static List<int> Children(TestServer server, params string[] names) => [.. names.SelectMany(n => StandIns.Programs.Select(p => Pid(server, n, p))).OfType<int>()];

    // Killed is enough: who collects it afterwards is not ours.
    private static bool IsAlive(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int pid, int signal);
}
