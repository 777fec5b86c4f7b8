using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Server;

public sealed class IsolationTests(SharedServer shared)
{
    [Fact]
    public async Task Two_tenants_see_nothing_of_each_other_and_certificates_do_not_travel()
    {
        var server = shared.Server;
        var (one, two) = (await server.CreateControlPlaneAsync("iso-one"), await server.CreateControlPlaneAsync("iso-two"));
        (await server.KubectlAsync(one, null, "create", "configmap", "mine")).Ok();
        (await server.KubectlAsync(one, null, "create", "namespace", "private")).Ok();
        Assert.DoesNotContain("mine", (await server.KubectlAsync(two, null, "get", "configmaps", "-A", "-o", "name")).Ok(), StringComparison.Ordinal);
        Assert.DoesNotContain("private", (await server.KubectlAsync(two, null, "get", "namespaces", "-o", "name")).Ok(), StringComparison.Ordinal);
        Assert.DoesNotContain("private", (await server.KubectlAsync(server.AdminKubeconfig, null, "get", "namespaces", "-o", "name")).Ok(), StringComparison.Ordinal);

        // The same certificate, knocking at other doors: by path, and by TLS name.
        foreach (var (url, name) in ((string, string)[])[
            ($"{server.Url}/controlplanes/iso-two", "iso-two.localtest.me"), (server.Url, "localhost"), ($"{server.Url}/controlplanes/iso-two", "iso-one.localtest.me")])
        {
            var refused = (await server.KubectlAsync(one, null, "get", "configmaps", $"--server={url}", $"--tls-server-name={name}", "--insecure-skip-tls-verify=false")).Fails();
            Assert.DoesNotContain("mine", refused, StringComparison.Ordinal);
            Assert.Matches("(Unauthorized|You must be logged in|certificate signed by unknown authority)", refused);
        }
    }

    [Fact]
    public async Task A_tenant_answers_by_path_by_tls_name_and_by_host()
    {
        var server = shared.Server;
        var tenant = await server.CreateControlPlaneAsync("two-doors");
        (await server.KubectlAsync(tenant, null, "create", "configmap", "here")).Ok();
        foreach (var extra in (string[][])[[$"--server={server.Url}/controlplanes/two-doors", "--tls-server-name=localhost"], [$"--server={server.Url}", "--tls-server-name=two-doors.localtest.me"]])
            Assert.Contains("configmap/here", (await server.KubectlAsync(tenant, null, ["get", "cm", "-o", "name", .. extra])).Ok(), StringComparison.Ordinal);

        async Task<HttpResponseMessage> ByHostAsync(string host, string? kubeconfig)
        {
            using var client = RawClient.Create(server, kubeconfig, "localhost");
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("api/v1/namespaces/default/configmaps", UriKind.Relative)) { Headers = { Host = host } };
            return await client.SendAsync(request);
        }
        using var found = await ByHostAsync("two-doors.localtest.me", tenant);
        Assert.Contains("\"here\"", await found.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var refused = await ByHostAsync("two-doors.localtest.me", server.AdminKubeconfig);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, refused.StatusCode);
        using var nobody = await ByHostAsync("nobody.localtest.me", server.AdminKubeconfig);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, nobody.StatusCode);
    }
}
