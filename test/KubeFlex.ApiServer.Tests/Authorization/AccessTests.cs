using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace KubeFlex.ApiServer.Tests.Authorization;

public sealed class AccessTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private static readonly UserInfo Bob = new("bob", ["system:authenticated"]);

    [Fact]
    public async Task AStrangerIsToldWhatTheyMayNot()
    {
        await using var plane = await TestPlane.StartAsync();
        var answer = await plane.CallAsync("GET", Maps, user: Bob);
        Assert.Equal(403, answer.Code);
        Assert.Equal("configmaps is forbidden: User \"bob\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"default\"", (string?)answer.Json["message"]);
    }

    [Fact]
    public async Task ARoleLetsThroughExactlyWhatItNames()
    {
        await using var plane = await TestPlane.StartAsync();
        const string rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
        await plane.CreateAsync($"{rbac}/roles", JsonNode.Parse("""{"metadata":{"name":"r"},"rules":[{"apiGroups":[""],"resources":["configmaps"],"verbs":["list"]}]}""")!.AsObject());
        await plane.CreateAsync($"{rbac}/rolebindings", JsonNode.Parse("""{"metadata":{"name":"b"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"r"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"bob"}]}""")!.AsObject());
        Assert.Equal(200, (await plane.CallAsync("GET", Maps, user: Bob)).Code);
        Assert.Equal(403, (await plane.CallAsync("GET", Maps + "/a", user: Bob)).Code);
        Assert.Equal(403, (await plane.CallAsync("GET", "/api/v1/namespaces/kube-system/configmaps", user: Bob)).Code);
        Assert.Equal(403, (await plane.CallAsync("POST", Maps, TestPlane.ConfigMap("a"), user: Bob)).Code);
    }

    [Theory]
    [InlineData("/livez", 200)]
    [InlineData("/readyz", 200)]
    [InlineData("/version", 200)]
    [InlineData("/api/v1/pods", 403)]
    [InlineData("/metrics", 403)]
    public async Task NobodyInParticularReachesHealthAndVersion(string url, int code)
    {
        await using var plane = await TestPlane.StartAsync();
        Assert.Equal(code, (await plane.SendAsync("GET", url, null, accept: "*/*")).Code);
    }

    [Theory]
    [InlineData("Bearer nonsense", 401)]
    [InlineData("Bearer secret-token", 403)]
    public async Task BearerTokens(string header, int code)
    {
        await using var plane = await TestPlane.StartAsync();
        Assert.Equal(code, (await plane.SendAsync("GET", Maps, null, prepare: c => c.Request.Headers.Authorization = header)).Code);
    }

    [Fact]
    public async Task ATokenWorksUntilItsAccountIsGone()
    {
        await using var plane = await TestPlane.StartAsync();
        const string accounts = "/api/v1/namespaces/default/serviceaccounts";
        await plane.CreateAsync(accounts, new JsonObject { ["metadata"] = new JsonObject { ["name"] = "sa" } });
        var token = (string)(await plane.CreateAsync(accounts + "/sa/token", new JsonObject { ["spec"] = new JsonObject() }))["status"]!["token"]!;
        var review = await plane.CreateAsync("/apis/authentication.k8s.io/v1/tokenreviews", new JsonObject { ["spec"] = new JsonObject { ["token"] = token } });
        Assert.Equal("system:serviceaccount:default:sa", (string?)review["status"]!["user"]!["username"]);
        Assert.Equal(403, (await plane.SendAsync("GET", Maps, null, prepare: c => c.Request.Headers.Authorization = "Bearer " + token)).Code);
        await plane.CallAsync("DELETE", accounts + "/sa");
        Assert.Equal(401, (await plane.SendAsync("GET", Maps, null, prepare: c => c.Request.Headers.Authorization = "Bearer " + token)).Code);
    }

    [Fact]
    public async Task OnlyTheOwnAuthoritysCertificatesAreAccepted()
    {
        using var mine = Authority("mine");
        using var other = Authority("other");
        await using var plane = await TestPlane.StartAsync(mine.ExportCertificatePem());
        using var good = Client(mine);
        using var bad = Client(other);
        Assert.Equal(200, (await plane.SendAsync("GET", Maps, null, prepare: c => c.Connection.ClientCertificate = good)).Code);
        Assert.Equal(401, (await plane.SendAsync("GET", Maps, null, prepare: c => c.Connection.ClientCertificate = bad)).Code);
    }

    [Fact]
    public async Task ImpersonationActsAsSomebodyElse()
    {
        await using var plane = await TestPlane.StartAsync();
        var answer = await plane.SendAsync("GET", Maps, null, prepare: c =>
        {
            c.Features.Set(new AuthenticatedUser(TestPlane.Admin));
            c.Request.Headers["Impersonate-User"] = "bob";
        });
        Assert.Equal(403, answer.Code);
    }

    private static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private static X509Certificate2 Client(X509Certificate2 authority)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("O=system:masters, CN=admin", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], false));
        return request.Create(authority, authority.NotBefore, authority.NotAfter, [1, 2, 3, 4]);
    }
}
