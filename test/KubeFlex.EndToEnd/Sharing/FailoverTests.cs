using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Sharing;

/// <summary>Two servers on one PostgreSQL, and what becomes of one's control planes when it is killed, stopped, or only slow to know.</summary>
public sealed class FailoverTests(SharingFixture postgres, ITestOutputHelper output) : IClassFixture<SharingFixture>
{
    [Fact]
    public async Task Either_server_serves_everything_and_a_killed_one_is_replaced()
    {
        await using var servers = await SharedServers.StartAsync(postgres);
        var (a, b) = (servers.A, servers.B);
        var address = new Uri(a.Url).Authority;
        // By either server; by the hash of their names some come to one, some to the other.
        var tenants = new Dictionary<string, string>();
        foreach (var name in (string[])["one", "two", "three", "four"]) tenants[name] = await (tenants.Count % 2 == 0 ? a : b).CreateControlPlaneAsync(name);
        tenants["own"] = await b.CreateControlPlaneAsync("own", "--backend", "dedicated");

        foreach (var (name, config) in tenants)
        {
            using var watch = Command.Start(Tools.Kubectl, ["--kubeconfig", servers.At(b, config), "get", "configmaps", "--watch", "-o", "name"], b.Environment);
            await watch.LineAsync(l => l.Contains("kube-root-ca.crt", StringComparison.Ordinal));
            (await a.KubectlAsync(servers.At(a, config), null, "create", "configmap", $"{name}-a")).Ok();
            (await b.KubectlAsync(servers.At(b, config), null, "create", "configmap", $"{name}-b")).Ok();
            await watch.LineAsync(l => l.Contains($"{name}-a", StringComparison.Ordinal));
            await watch.LineAsync(l => l.Contains($"{name}-b", StringComparison.Ordinal));
            // Certificates are another kind of credential than tokens, and both went by both ways.
            var token = (await a.KubectlAsync(servers.At(a, config), null, "create", "token", "default")).Ok();
            foreach (var server in (TestServer[])[a, b])
            {
                using var http = RawClient.Create(server, null);
                http.DefaultRequestHeaders.Authorization = new("Bearer", token);
                Assert.Contains("system:serviceaccount:default:default", await (await http.GetAsync($"controlplanes/{name}/api/v1/secrets")).Content.ReadAsStringAsync(), StringComparison.Ordinal);
            }
        }
        var backup = Path.Combine(b.Home, "two.backup");
        (await b.KflexAsync("backup", "two", backup)).Ok();
        Assert.True(new FileInfo(backup).Length > 0);

        var dead = Stopwatch.StartNew();
        await a.KillAsync();
        await ServesAsync("configmaps of the hosting control plane", () => b.HostingAsync("get", "controlplanes", "-o", "name"), tenants.Keys.Select(name => $"controlplane.tenancy.kflex.kubestellar.org/{name}"));
        foreach (var (name, config) in tenants)
            await ServesAsync(name, () => b.KubectlAsync(servers.At(b, config), null, "get", "configmaps", "-o", "name"), [$"configmap/{name}-a", $"configmap/{name}-b"]);
        output.WriteLine($"the other served everything {dead.Elapsed.TotalSeconds:0.0} s after the kill, as {tenants.Count + 1} calls of kubectl saw it");

        // Controllers run: who deletes a namespace waits for them.
        foreach (var config in tenants.Values.Select(config => servers.At(b, config)))
        {
            (await b.KubectlAsync(config, null, "create", "namespace", "gone")).Ok();
            (await b.KubectlAsync(config, null, "delete", "namespace", "gone", "--timeout=150s")).Ok();
        }
        var later = await b.CreateControlPlaneAsync("later");
        await a.StartProcessAsync(address);
        (await a.KubectlAsync(servers.At(a, later), null, "create", "configmap", "works")).Ok();
        Assert.Contains("configmap/works", (await b.KubectlAsync(servers.At(b, later), null, "get", "configmaps", "-o", "name")).Ok(), StringComparison.Ordinal);
        foreach (var name in (string[])["one", "own", "later"]) (await a.HostingAsync("delete", "controlplane", name, "--timeout=150s")).Ok();
        Assert.Contains("not found", (await b.KubectlAsync(servers.At(b, later), null, "get", "configmaps")).Fails(), StringComparison.Ordinal);

        static Task ServesAsync(string what, Func<Task<CommandResult>> ask, IEnumerable<string> expected) => Eventually.TrueAsync(async () =>
        {
            var answer = await ask();
            if (answer.ExitCode != 0) return false;
            // Whoever answers has everything that was acknowledged.
            foreach (var line in expected) Assert.Contains(line, answer.Output, StringComparison.Ordinal);
            return true;
        }, what);
    }

    [Fact]
    public async Task Control_planes_of_a_killed_server_are_opened_by_the_others_though_nobody_asks()
    {
        await using var servers = await SharedServers.StartAsync(postgres);
        var (a, b) = (servers.A, servers.B);
        // By the hash of their names; one of so many goes to B.
        var names = Enumerable.Range(0, 12).Select(i => $"cp{i}").ToArray();
        (await a.KubectlAsync(a.AdminKubeconfig, Server.ManyControlPlanesTests.Manifest(names), "apply", "-f", "-")).Ok();
        (await a.HostingAsync(["wait", .. names.Select(n => $"controlplane/{n}"), "--for=condition=Ready", "--timeout=150s"])).Ok();
        var before = await postgres.StoresAsync(servers.Database);
        Assert.True(before.GetValueOrDefault(b.Url) > 0, string.Join(", ", before));
        Assert.Equal(names.Length + 1, before.Values.Sum());
        await b.KillAsync();
        await Eventually.TrueAsync(async () => (await postgres.StoresAsync(servers.Database)).GetValueOrDefault(a.Url) == names.Length + 1, "all stores with the server that is left", 60);
    }

    [Fact]
    public async Task A_stopped_owner_that_goes_on_answers_nothing_old_and_writes_nothing_twice()
    {
        await using var servers = await SharedServers.StartAsync(postgres);
        var (a, b) = (servers.A, servers.B);
        (await a.HostingAsync("create", "configmap", "counter", "--from-literal=n=0")).Ok();
        var tenant = await a.CreateControlPlaneAsync("tenant");
        (await a.KubectlAsync(tenant, null, "create", "configmap", "counter", "--from-literal=n=0")).Ok();
        // The hosting control plane is with A; the tenant may be with either, and its requests go by A.
        using var hosting = RawClient.Create(a, a.AdminKubeconfig);
        using var inTenant = RawClient.Create(a, tenant);
        (HttpClient Http, string Config, string Prefix)[] planes = [(hosting, a.AdminKubeconfig, ""), (inTenant, tenant, "controlplanes/tenant/")];
        foreach (var plane in planes) Assert.Equal(0, await ReadAsync(plane.Http, plane.Prefix));

        a.Stop();
        // They lie in its sockets until it goes on.
        var inFlight = planes.Select(plane => plane.Http.PostAsync($"{plane.Prefix}api/v1/namespaces/default/configmaps",
            new StringContent("""{"metadata":{"generateName":"in-flight-"}}""", Encoding.UTF8, "application/json"))).ToList();
        var reads = planes.Select(plane => ReadAsync(plane.Http, plane.Prefix)).ToList();
        for (var n = 1; n <= 5; n++)
        {
            foreach (var plane in planes)
                await Eventually.TrueAsync(async () => (await PatchAsync(b, servers.At(b, plane.Config), n)).ExitCode == 0, $"write {n} by the other server", 60);
        }
        a.Continue();

        for (var i = 0; i < 20; i++)
        {
            // Refused for a moment is fine; old is not.
            foreach (var plane in planes)
                if (await ReadAsync(plane.Http, plane.Prefix) is { } seen) Assert.Equal(5, seen);
        }
        foreach (var read in reads)
            if (await read is { } late) Assert.Equal(5, late);
        for (var i = 0; i < planes.Length; i++)
        {
            using var answer = await inFlight[i];
            var made = (await b.KubectlAsync(servers.At(b, planes[i].Config), null, "get", "configmaps", "-o", "name")).Ok().Split('\n').Count(l => l.Contains("in-flight-", StringComparison.Ordinal));
            Assert.True(answer.StatusCode switch
            {
                HttpStatusCode.Created => made == 1,
                HttpStatusCode.GatewayTimeout => made <= 1,
                HttpStatusCode.ServiceUnavailable => made == 0,
                _ => false,
            }, $"{answer.StatusCode} and {made} made: {await answer.Content.ReadAsStringAsync()}");
        }

        // Both work on.
        foreach (var plane in planes)
        {
            await Eventually.TrueAsync(async () => (await PatchAsync(a, servers.At(a, plane.Config), 6)).ExitCode == 0, "the one that was stopped writes", 60);
            Assert.Equal(6, await ReadAsync(plane.Http, plane.Prefix));
            (await PatchAsync(b, servers.At(b, plane.Config), 7)).Ok();
            Assert.Equal(7, await ReadAsync(plane.Http, plane.Prefix));
        }
        await a.CreateControlPlaneAsync("after");

        static Task<CommandResult> PatchAsync(TestServer by, string config, int n) => by.KubectlAsync(config, null, "patch", "configmap", "counter", "-n", "default", "-p",
            string.Create(CultureInfo.InvariantCulture, $$$"""{"data":{"n":"{{{n}}}"}}"""));
    }

    /// <summary>The counter, or null when the server refuses to say.</summary>
    private static async Task<int?> ReadAsync(HttpClient http, string prefix)
    {
        using var answer = await http.GetAsync($"{prefix}api/v1/namespaces/default/configmaps/counter");
        if (answer.StatusCode == HttpStatusCode.ServiceUnavailable) return null;
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}: {text}");
        return int.Parse((string)JsonNode.Parse(text)!["data"]!["n"]!, CultureInfo.InvariantCulture);
    }
}
