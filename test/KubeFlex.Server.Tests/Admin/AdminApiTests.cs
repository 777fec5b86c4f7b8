using KubeFlex.Server.Admin;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.Server.Tests.Admin;

public sealed class AdminApiTests
{
    private readonly AdminApi api = new();

    public AdminApiTests()
    {
        api.Add(new AdminRoute("GET", "/kubeflex/controlplanes/{name}/logs", call => call.TextAsync($"{call["name"]} {call.Query("tail") ?? "all"}")),
            new AdminRoute("POST", "/kubeflex/controlplanes/{name}/logs", call => call.TextAsync("posted")));
    }

    [Theory]
    [InlineData("GET", "/kubeflex/controlplanes/a/logs", "?tail=3", 200, "a 3")]
    [InlineData("GET", "/kubeflex/controlplanes/a/logs/", "?tail=", 200, "a all")]
    [InlineData("POST", "/kubeflex/controlplanes/a/logs", "", 200, "posted")]
    public async Task Routes_by_method_and_path(string method, string path, string query, int code, string body)
    {
        var http = Request(method, path, query);
        Assert.True(await api.TryHandleAsync(http));
        Assert.Equal(code, http.Response.StatusCode);
        Assert.Equal(body, Body(http));
    }

    [Fact]
    public async Task A_method_that_the_path_does_not_have_is_405()
    {
        var http = Request("DELETE", "/kubeflex/controlplanes/a/logs", "");
        Assert.True(await api.TryHandleAsync(http));
        Assert.Equal(405, http.Response.StatusCode);
        Assert.Contains("MethodNotAllowed", Body(http), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/kubeflex/controlplanes/a")]
    [InlineData("/kubeflex/controlplanes/a/b/logs")]
    [InlineData("/version")]
    [InlineData("/")]
    public async Task Leaves_other_paths_alone(string path)
    {
        var http = Request("GET", path, "");
        Assert.False(await api.TryHandleAsync(http));
        Assert.Equal("", Body(http));
    }

    private static DefaultHttpContext Request(string method, string path, string query)
    {
        var http = new DefaultHttpContext();
        (http.Request.Method, http.Request.Path, http.Request.QueryString) = (method, path, new QueryString(query));
        http.Response.Body = new MemoryStream();
        return http;
    }

    private static string Body(HttpContext http) => System.Text.Encoding.UTF8.GetString(((MemoryStream)http.Response.Body).ToArray());
}
