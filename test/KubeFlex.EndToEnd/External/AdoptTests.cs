using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.External;

/// <summary>Two servers; one adopts a control plane of the other.</summary>
public sealed class AdoptTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(150);

    [Fact]
    public async Task A_tenant_of_another_server_is_adopted_followed_and_left_clean()
    {
        await using var mine = await TestServer.StartAsync();
        await using var other = await TestServer.StartAsync();
        var tenant = await other.CreateControlPlaneAsync("tenant");
        var before = await ObjectsAsync(other, tenant);

        // By a kubeconfig with a relative path and things of other tools in it.
        var folder = Directory.CreateDirectory(Path.Combine(mine.Home, "their")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "config"), await ForeignAsync(other, tenant, folder));
        (await mine.KflexAsync("adopt", "ext", "-a", Path.Combine(folder, "config"), "-c", "theirs", "-x", "3600", "--wait=ready")).Ok();
        Assert.Matches(@"ext +True +True +external", (await mine.KflexAsync("list")).Ok());
        (await mine.HostingAsync("get", "secret", "ext-bootstrap", "-n", "kubeflex-system")).Fails();

        (await mine.KflexAsync("ctx", "ext")).Ok();
        (await mine.KubectlAsync(mine.Kubeconfig, null, "create", "configmap", "made-through-ext")).Ok();
        Assert.Equal("configmap/made-through-ext", (await other.KubectlAsync(tenant, null, "get", "configmap", "made-through-ext", "-o", "name")).Ok());
        (await other.KubectlAsync(tenant, null, "delete", "configmap", "made-through-ext")).Ok();

        // A token asked for anew is another one, and works; the operator does the same at 80 % of its life.
        var first = await mine.HostingAsync("get", "secret", "admin-kubeconfig", "-n", "ext-system", "-o", "jsonpath={.data}");
        (await mine.KflexAsync("certs", "rotate", "ext")).Ok();
        Assert.NotEqual(first.Ok(), (await mine.HostingAsync("get", "secret", "admin-kubeconfig", "-n", "ext-system", "-o", "jsonpath={.data}")).Ok());
        (await mine.KflexAsync("ctx", "ext", "--overwrite-existing-context")).Ok();
        (await mine.KubectlAsync(mine.Kubeconfig, null, "get", "namespaces")).Ok();

        // Ready follows the other server's health.
        var listen = new Uri(other.Url).Authority;
        await other.TerminateAsync();
        (await mine.HostingAsync("wait", "controlplane/ext", "--for=condition=Ready=false", $"--timeout={Patience.TotalSeconds}s")).Ok();
        // A health check that meets it while it goes says something else.
        await Eventually.TrueAsync(async () => (await mine.HostingAsync("get", "controlplane", "ext", "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].message}")).Ok().Contains(listen, StringComparison.Ordinal), "a message with the address");
        await other.StartProcessAsync(listen);
        (await mine.HostingAsync("wait", "controlplane/ext", "--for=condition=Ready", $"--timeout={Patience.TotalSeconds}s")).Ok();

        (await mine.KflexAsync("delete", "ext")).Ok();
        (await mine.HostingAsync("get", "namespace", "ext-system")).Fails();
        Assert.DoesNotContain("ext", (await mine.KflexAsync("ctx", "list")).Ok(), StringComparison.Ordinal);
        HashSet<string> after = [];
        await Eventually.TrueAsync(async () => before.SetEquals(after = await ObjectsAsync(other, tenant)), $"the adopted control plane as it was; it has more: {string.Join(", ", after.Except(before))}");
    }

    [Fact]
    public async Task A_foreign_kubeconfig_stays_as_it_is()
    {
        await using var server = await TestServer.StartAsync();
        var (one, two) = (Path.Combine(server.Home, "one"), Path.Combine(server.Home, "two"));
        // First file: another tool's, with extensions, an exec user and a relative path. Second: ours.
        await File.WriteAllTextAsync(one, """
            apiVersion: v1
            kind: Config
            preferences: {colors: true}
            extensions:
            - name: other-tool
              extension: {kept: "yes"}
            current-context: work
            clusters:
            - name: work
              cluster: {server: "https://work.example:6443", certificate-authority: pki/ca.crt}
            contexts:
            - name: work
              context: {cluster: work, user: me, namespace: mine, extensions: [{name: other-tool, extension: {color: blue}}]}
            users:
            - name: me
              user:
                exec: {apiVersion: client.authentication.k8s.io/v1, command: ./get-token, args: [login], interactiveMode: Never, provideClusterInfo: true}
            """);
        File.Copy(server.AdminKubeconfig, two);
        var environment = server.Environment;
        environment["KUBECONFIG"] = $"{one}{Path.PathSeparator}{Path.Combine(server.Home, "missing")}{Path.PathSeparator}{two}";
        async Task<string> RunAsync(string program, params string[] args) => (await Command.RunAsync(program, args, environment)).Ok();

        // kubectl's own view of what is foreign is the judge.
        Task<string> ForeignAsync() => RunAsync(Tools.Kubectl, "config", "view", "--raw", "-o", """jsonpath={.preferences}{.extensions[?(@.name=="other-tool")]}{.clusters[?(@.name=="work")]}{.contexts[?(@.name=="work")]}{.users[?(@.name=="me")]}""");
        var before = await ForeignAsync();
        await RunAsync(Repository.Cli, "config", "set-hosting", "kubeflex-hosting");
        await RunAsync(Repository.Cli, "create", "files");
        Assert.Equal("files", await RunAsync(Tools.Kubectl, "config", "current-context"));
        await RunAsync(Tools.Kubectl, "get", "namespaces");
        Assert.Equal(before, await ForeignAsync());
        Assert.Contains("pki/ca.crt", await File.ReadAllTextAsync(one), StringComparison.Ordinal);
        Assert.Contains("./get-token", await File.ReadAllTextAsync(one), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, OperatingSystem.IsWindows() ? UnixFileMode.UserRead | UnixFileMode.UserWrite : File.GetUnixFileMode(one));
        Assert.False(File.Exists(Path.Combine(server.Home, "missing")));
        await RunAsync(Repository.Cli, "delete", "files");
        Assert.Equal(before, await ForeignAsync());
        Assert.DoesNotContain("files", await File.ReadAllTextAsync(one) + await File.ReadAllTextAsync(two), StringComparison.Ordinal);
    }

    private static async Task<string> ForeignAsync(TestServer server, string kubeconfig, string folder)
    {
        async Task<string> FieldAsync(string path) => (await server.KubectlAsync(kubeconfig, null, "config", "view", "--raw", "--minify", "-o", $"jsonpath={{{path}}}")).Ok();
        await File.WriteAllBytesAsync(Path.Combine(folder, "ca.crt"), Convert.FromBase64String(await FieldAsync(".clusters[0].cluster.certificate-authority-data")));
        return $$"""
            apiVersion: v1
            kind: Config
            current-context: elsewhere
            extensions: [{name: other-tool, extension: {kept: "yes"} }]
            clusters:
            - name: theirs
              cluster: {server: "{{await FieldAsync(".clusters[0].cluster.server")}}", certificate-authority: ca.crt, tls-server-name: "{{await FieldAsync(".clusters[0].cluster.tls-server-name")}}"}
            - name: elsewhere
              cluster: {server: "https://elsewhere.example"}
            contexts:
            - name: theirs
              context: {cluster: theirs, user: admin, extensions: [{name: other-tool, extension: {a: b} }]}
            - name: elsewhere
              context: {cluster: elsewhere, user: program}
            users:
            - name: admin
              user: {client-certificate-data: "{{await FieldAsync(".users[0].user.client-certificate-data")}}", client-key-data: "{{await FieldAsync(".users[0].user.client-key-data")}}"}
            - name: program
              user:
                exec: {apiVersion: client.authentication.k8s.io/v1, command: get-token, interactiveMode: Never}
            """;
    }

    private static async Task<HashSet<string>> ObjectsAsync(TestServer server, string kubeconfig)
    {
        var names = (await server.KubectlAsync(kubeconfig, null, "get", "namespaces,serviceaccounts,clusterroles,clusterrolebindings,roles,rolebindings,secrets,configmaps", "-A", "-o",
            "jsonpath={range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name}{\"\\n\"}{end}")).Ok();
        return [.. names.Split('\n')];
    }
}
