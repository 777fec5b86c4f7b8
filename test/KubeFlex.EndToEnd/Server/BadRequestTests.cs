using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Server;

/// <summary>What a careless or hostile HTTP client sends; every answer is a Status that says what is wrong.</summary>
public sealed class BadRequestTests(SharedServer shared)
{
    private const string ConfigMaps = "api/v1/namespaces/default/configmaps";

    private HttpClient Client(bool withCertificate = true)
    {
        var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { X509CertificateLoader.LoadCertificateFromFile(Path.Combine(shared.Server.Data, "ca.crt")) },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            },
        };
        if (withCertificate)
        {
            var kubeconfig = File.ReadAllLines(shared.Server.AdminKubeconfig);
            string Field(string name) => Encoding.UTF8.GetString(Convert.FromBase64String(kubeconfig.First(l => l.Contains(name, StringComparison.Ordinal)).Split(':')[1].Trim()));
            using var pem = X509Certificate2.CreateFromPem(Field("client-certificate-data"), Field("client-key-data"));
            handler.SslOptions.ClientCertificates = [X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null)];
        }
        return new HttpClient(handler) { BaseAddress = new Uri(shared.Server.Url + "/") };
    }

    private static async Task<(HttpStatusCode Code, JsonObject Status)> StatusAsync(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsStringAsync();
        var status = JsonNode.Parse(body)!.AsObject();
        Assert.Equal("Status", (string?)status["kind"]);
        Assert.Equal((int)response.StatusCode, (int)status["code"]!);
        Assert.DoesNotContain("   at ", body, StringComparison.Ordinal);
        return (response.StatusCode, status);
    }

    [Theory]
    [InlineData("{not json", "application/json", 400)]
    [InlineData("[]", "application/json", 400)]
    [InlineData("", "application/json", 400)]
    [InlineData("{}", "text/plain", 415)]
    [InlineData("k8s", "application/vnd.kubernetes.protobuf", 400)]
    [InlineData("k8s\0\u000a\u007f", "application/vnd.kubernetes.protobuf", 400)]
    [InlineData("""{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"}}""", "application/json", 400)]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":[]}""", "application/json", 400)]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"../etc"}}""", "application/json", 422)]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{}}""", "application/json", 422)]
    public async Task A_wrong_body_is_refused(string body, string type, int code)
    {
        using var client = Client();
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        using var response = await client.PostAsync(new Uri(ConfigMaps, UriKind.Relative), content);
        var (actual, status) = await StatusAsync(response);
        Assert.Equal(code, (int)actual);
        Assert.NotEqual("", (string?)status["message"]);
    }

    [Fact]
    public async Task A_body_over_three_mebibytes_is_refused_with_the_limit()
    {
        using var client = Client();
        using var content = new StringContent("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"big"},"data":{"x":""" + $"\"{new string('y', 3 * 1024 * 1024)}\"}}}}", Encoding.UTF8, "application/json");
        using var response = await client.PostAsync(new Uri(ConfigMaps, UriKind.Relative), content);
        var (code, status) = await StatusAsync(response);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, code);
        Assert.Contains("3145728", (string?)status["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("api/v1/namespaces/default/nopes")]
    [InlineData("apis/nope.example.com/v1/things")]
    [InlineData("apis/apps/v9/deployments")]
    [InlineData("api/v1/namespaces/default/configmaps/a/b/c/d")]
    [InlineData("controlplanes/nobody/api/v1/pods")]
    [InlineData("api/v1/namespaces/%2e%2e/configmaps/%00")]
    [InlineData("%F0%9F%92%A9")]
    public async Task A_nonsense_url_is_not_found(string path)
    {
        using var client = Client();
        using var response = await client.GetAsync(new Uri(path, UriKind.Relative));
        Assert.True(response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest, $"{path}: {(int)response.StatusCode}");
        Assert.DoesNotContain("   at ", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?limit=x"), InlineData("?continue=garbage"), InlineData("?resourceVersion=abc")]
    [InlineData("?labelSelector=%3D%3D"), InlineData("?fieldSelector=spec.nope%3D1"), InlineData("?resourceVersionMatch=Maybe&resourceVersion=1")]
    public async Task A_wrong_query_is_a_bad_request(string query)
    {
        using var client = Client();
        using var response = await client.GetAsync(new Uri(ConfigMaps + query, UriKind.Relative));
        Assert.True((await StatusAsync(response)).Code is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity);
    }

    [Theory]
    [InlineData("readyz", 200), InlineData("livez", 200), InlineData("healthz", 200), InlineData("version", 200)]
    [InlineData("api/v1/namespaces", 403), InlineData("metrics", 403), InlineData("apis", 403)]
    public async Task Anonymous_reaches_health_and_version_only(string path, int code)
    {
        using var client = Client(withCertificate: false);
        using var response = await client.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal(code, (int)response.StatusCode);
    }

    [Fact]
    public async Task A_made_up_token_is_unauthorized()
    {
        using var client = Client(withCertificate: false);
        client.DefaultRequestHeaders.Authorization = new("Bearer", "made-up");
        using var response = await client.GetAsync(new Uri("api/v1/namespaces", UriKind.Relative));
        Assert.Equal(HttpStatusCode.Unauthorized, (await StatusAsync(response)).Code);
    }
}
