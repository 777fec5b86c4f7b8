using System.Globalization;
using System.Text.Json.Nodes;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Server;

public sealed class BackupTests
{
    [Fact]
    public async Task A_deleted_control_plane_comes_back_and_its_old_kubeconfig_works()
    {
        await using var server = await TestServer.StartAsync();
        var kubeconfig = await server.CreateControlPlaneAsync("shop");
        (await server.KubectlAsync(kubeconfig, null, "create", "configmap", "orders", "--from-literal=count=7")).Ok();
        var before = await VersionAsync(server, kubeconfig, "cm/orders");
        var token = (await server.KubectlAsync(kubeconfig, null, "create", "token", "default")).Ok();
        var file = Path.Combine(server.Home, "shop.backup");
        (await server.KflexAsync("backup", "shop", file)).Ok();
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        (await server.KubectlAsync(kubeconfig, null, "create", "configmap", "later")).Ok();

        (await server.KflexAsync("delete", "shop")).Ok();
        (await server.KflexAsync("restore", "shop", file)).Ok();
        Assert.Equal("7", (await server.KubectlAsync(kubeconfig, null, "get", "cm", "orders", "-o", "jsonpath={.data.count}")).Ok());
        (await server.KubectlAsync(kubeconfig, null, "get", "cm", "later")).Fails();
        Assert.Equal(before, await VersionAsync(server, kubeconfig, "cm/orders"));
        (await server.KubectlAsync(kubeconfig, null, "create", "configmap", "after")).Ok();
        Assert.True(await VersionAsync(server, kubeconfig, "cm/after") > before + 1_000_000);
        // Tokens from before are good: the key that signs them came back, too.
        Assert.Contains("\"authenticated\":true", (await server.KubectlAsync(kubeconfig, null, "create", "--raw", "/apis/authentication.k8s.io/v1/tokenreviews", "-f", Review(server, token))).Ok(), StringComparison.Ordinal);

        // Over the live one: what was made since is gone, and clients that watch from before are told to read anew.
        (await server.KflexAsync("restore", "shop", file)).Ok();
        (await server.KubectlAsync(kubeconfig, null, "get", "cm", "after")).Fails();
        using var http = RawClient.Create(server, kubeconfig);
        Assert.Contains("410", await http.GetStringAsync(new Uri($"controlplanes/shop/api/v1/configmaps?watch=true&resourceVersion={before}&timeoutSeconds=5", UriKind.Relative)), StringComparison.Ordinal);

        // Damaged ones change nothing.
        var bytes = await File.ReadAllBytesAsync(file);
        bytes[^50] ^= 1;
        await File.WriteAllBytesAsync(file, bytes);
        Assert.Contains("damaged", (await server.KflexAsync("restore", "shop", file)).Fails(), StringComparison.Ordinal);
        await File.WriteAllBytesAsync(file, bytes[..^100]);
        Assert.Contains("incomplete", (await server.KflexAsync("restore", "shop", file)).Fails(), StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, "something else altogether");
        Assert.Contains("no KubeFlex backup", (await server.KflexAsync("restore", "shop", file)).Fails(), StringComparison.Ordinal);
        Assert.Equal("7", (await server.KubectlAsync(kubeconfig, null, "get", "cm", "orders", "-o", "jsonpath={.data.count}")).Ok());
    }

    [Fact]
    public async Task A_lost_machine_is_replaced_from_one_file()
    {
        await using var server = await TestServer.StartAsync();
        var listen = new Uri(server.Url).Authority;
        var shared = await server.CreateControlPlaneAsync("one");
        var own = await server.CreateControlPlaneAsync("two", "--backend", "dedicated");
        foreach (var kubeconfig in (string[])[shared, own]) (await server.KubectlAsync(kubeconfig, null, "create", "configmap", "kept")).Ok();
        (await server.HostingAsync("create", "configmap", "mine")).Ok();
        var admin = Path.Combine(server.Home, "old-admin.kubeconfig");
        File.Copy(server.AdminKubeconfig, admin);
        var file = Path.Combine(server.Home, "all.backup");
        (await server.KflexAsync("backup", "--all", file)).Ok();
        await server.KillAsync();
        Directory.Move(server.Data, server.Data + ".lost");

        (await server.KflexAsync("restore", "--all", file)).Ok();
        Assert.Contains("--replace", (await server.KflexAsync("restore", "--all", file)).Fails(), StringComparison.Ordinal);
        await server.StartProcessAsync(listen);
        foreach (var kubeconfig in (string[])[shared, own])
        {
            (await server.KubectlAsync(kubeconfig, null, "get", "cm", "kept")).Ok();
            (await server.KubectlAsync(kubeconfig, null, "create", "configmap", "new")).Ok();
        }
        (await server.KubectlAsync(admin, null, "get", "cm", "mine")).Ok();
        Assert.True(File.Exists(Path.Combine(server.Data, "dedicated", "two.db")));
    }

    [Fact]
    public async Task A_move_under_writes_and_a_kill_9_lose_nothing()
    {
        await using var server = await TestServer.StartAsync();
        var listen = new Uri(server.Url).Authority;
        var kubeconfig = await server.CreateControlPlaneAsync("busy");
        var acknowledged = new List<string>();
        using var http = RawClient.Create(server, kubeconfig);
        using (var stop = new CancellationTokenSource())
        {
            var writers = Enumerable.Range(0, 3).Select(w => WriteAsync(http, $"w{w}", acknowledged, stop.Token)).ToList();
            foreach (var to in (string[])[$"sqlite:{Path.Combine(server.Home, "other.db")}", "dedicated", "shared"])
                (await server.KflexAsync("storage", "migrate", "busy", "--to", to)).Ok();
            await stop.CancelAsync();
            // A write that was answered is there once; none was refused: those that came meanwhile waited.
            await Task.WhenAll(writers);
        }
        await CheckAsync();
        Assert.DoesNotContain("busy", Database.Stores(Path.Combine(server.Home, "other.db")));
        Assert.False(File.Exists(Path.Combine(server.Data, "dedicated", "busy.db")));

        for (var round = 0; round < 3; round++)
        {
            using var stop = new CancellationTokenSource();
            var writing = WriteAsync(http, $"k{round}", acknowledged, stop.Token);
            var move = server.KflexAsync("storage", "migrate", "busy", "--to", round % 2 == 0 ? "dedicated" : "shared");
            await Task.WhenAny(move, Task.Delay(200 + 150 * round));
            await server.KillAsync();
            await stop.CancelAsync();
            await Task.WhenAll(move, writing);
            await server.StartProcessAsync(listen);
            await CheckAsync();
        }

        async Task CheckAsync()
        {
            List<string> there = [];
            await Eventually.TrueAsync(async () =>
            {
                var answer = await server.KubectlAsync(kubeconfig, null, "get", "cm", "-l", "test=yes", "-o", "name");
                there = [.. answer.Output.Split('\n').Select(line => line.Replace("configmap/", "", StringComparison.Ordinal))];
                return answer.ExitCode == 0;
            }, "the control plane answers");
            lock (acknowledged) Assert.Empty(acknowledged.Except(there));
        }
    }

    private static string Review(TestServer server, string token)
    {
        var file = Path.Combine(server.Home, "review.json");
        File.WriteAllText(file, new JsonObject { ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenReview", ["spec"] = new JsonObject { ["token"] = token } }.ToJsonString());
        return file;
    }

    /// <summary>Creates objects one after another until it is told to stop or the server is gone; any refusal fails the test.</summary>
    private static async Task WriteAsync(HttpClient http, string prefix, List<string> acknowledged, CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var name = $"{prefix}-{i}";
            var body = new JsonObject { ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["test"] = "yes" } } };
            using var content = new StringContent(body.ToJsonString(), System.Text.Encoding.UTF8, "application/json");
            try
            {
                using var answer = await http.PostAsync(new Uri("controlplanes/busy/api/v1/namespaces/default/configmaps", UriKind.Relative), content, CancellationToken.None);
                Assert.True((int)answer.StatusCode == 201, $"{name}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(CancellationToken.None)}");
            }
            catch (HttpRequestException)
            {
                return;
            }
            lock (acknowledged) acknowledged.Add(name);
        }
    }

    private static async Task<long> VersionAsync(TestServer server, string kubeconfig, string what) =>
        long.Parse((await server.KubectlAsync(kubeconfig, null, "get", what, "-o", "jsonpath={.metadata.resourceVersion}")).Ok(), CultureInfo.InvariantCulture);
}
