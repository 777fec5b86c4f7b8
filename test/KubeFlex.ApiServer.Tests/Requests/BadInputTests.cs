using System.Text;

namespace KubeFlex.ApiServer.Tests.Requests;

public sealed class BadInputTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    [Theory]
    [InlineData("{not json", "application/json", 400)]
    [InlineData("", "application/json", 400)]
    [InlineData("[]", "application/json", 400)]
    [InlineData("a: [", "application/yaml", 400)]
    [InlineData("{}", "text/plain", 415)]
    [InlineData("k8s", "application/vnd.kubernetes.protobuf", 400)]
    public async Task BodiesThatAreNoObjects(string body, string type, int code)
    {
        await using var plane = await TestPlane.StartAsync();
        var answer = await plane.SendAsync("POST", Maps, Encoding.UTF8.GetBytes(body), type, prepare: c => c.Features.Set(new AuthenticatedUser(TestPlane.Admin)));
        Assert.Equal(code, answer.Code);
        Assert.Equal("Status", (string?)answer.Json["kind"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ABodyBeyondThreeMebibytesIsRefused(bool announced)
    {
        await using var plane = await TestPlane.StartAsync();
        var answer = await plane.SendAsync("POST", Maps, new byte[3 * 1024 * 1024 + 1], prepare: c =>
        {
            c.Features.Set(new AuthenticatedUser(TestPlane.Admin));
            if (!announced) c.Request.ContentLength = null;
        });
        Assert.Equal((413, "RequestEntityTooLarge"), (answer.Code, answer.Reason));
    }

    [Theory]
    [InlineData("GET", "/nope", 404)]
    [InlineData("GET", "/api/v1/namespaces/default/nopes", 404)]
    [InlineData("GET", "/apis/nope.example.com/v1/x", 404)]
    [InlineData("GET", "/apis/apps/v9/deployments", 404)]
    [InlineData("GET", "/api/v1/namespaces/default/configmaps/a/b/c/d/e/f/g/h/i/j/k/l/m", 404)]
    [InlineData("POST", "/api/v1/namespaces/default/configmaps/a", 405)]
    [InlineData("PUT", "/api/v1/namespaces/default/configmaps", 405)]
    [InlineData("BREW", "/api/v1/namespaces/default/configmaps", 405)]
    [InlineData("GET", "//api//v1", 404)]
    public async Task UrlsThatAreNonsense(string method, string url, int code)
    {
        await using var plane = await TestPlane.StartAsync();
        Assert.Equal(code, (await plane.CallAsync(method, url)).Code);
    }

    [Fact]
    public async Task OnlyProtobufIsNotAcceptable()
    {
        await using var plane = await TestPlane.StartAsync();
        Assert.Equal(406, (await plane.CallAsync("GET", Maps, accept: "application/vnd.kubernetes.protobuf")).Code);
        Assert.Equal(200, (await plane.CallAsync("GET", Maps, accept: "application/vnd.kubernetes.protobuf, application/json")).Code);
    }
}
