using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Pods;

/// <summary>As much of a Kubernetes client as the stand-in for nodes needs: it must see and set what kubectl does not, fast.</summary>
internal sealed class KubeApi(TestServer server, string kubeconfig, string controlPlane) : IDisposable
{
    private readonly HttpClient http = Connect(server, kubeconfig, controlPlane);

    public async Task<JsonObject?> FindAsync(string path, CancellationToken cancellation)
    {
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative), cancellation);
        if (response.StatusCode == System.Net.HttpStatusCode.NotFound) return null;
        return JsonNode.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync(cancellation))!.AsObject();
    }

    /// <summary>A merge patch; nothing happens when the object is gone or somebody was faster, since both bring an event.</summary>
    public Task PatchAsync(string path, JsonObject patch, CancellationToken cancellation) => SendAsync(HttpMethod.Patch, path, patch, "application/merge-patch+json", cancellation);

    /// <summary>Creates it unless it is there.</summary>
    public Task CreateAsync(string collection, JsonObject obj, CancellationToken cancellation) => SendAsync(HttpMethod.Post, collection, obj, "application/json", cancellation);

    /// <summary>Every object of a collection, and again each time it changes, until cancelled.</summary>
    public async Task WatchAsync(string collection, Func<JsonObject, Task> handle, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var list = (await FindAsync(collection, cancellation))!;
                foreach (var item in list["items"]!.AsArray()) await handle(item!.AsObject());
                using var stream = new StreamReader(await http.GetStreamAsync(new Uri($"{collection}?watch=true&resourceVersion={list["metadata"]!["resourceVersion"]}", UriKind.Relative), cancellation));
                while (await stream.ReadLineAsync(cancellation) is { } line)
                {
                    var change = JsonNode.Parse(line)!;
                    if ((string?)change["type"] is "ADDED" or "MODIFIED") await handle(change["object"]!.AsObject());
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
                if (!cancellation.IsCancellationRequested) await Task.Delay(100, CancellationToken.None);
            }
        }
    }

    public void Dispose() => http.Dispose();

    private async Task SendAsync(HttpMethod method, string path, JsonObject body, string type, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative))
        {
            Content = new StringContent(body.ToJsonString(), MediaTypeHeaderValue.Parse(type)),
        };
        using var response = await http.SendAsync(request, cancellation);
        if ((int)response.StatusCode is 404 or 409) return;
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {(response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync(cancellation))}");
    }

    private static HttpClient Connect(TestServer server, string kubeconfig, string controlPlane)
    {
        var http = RawClient.Create(server, kubeconfig);
        http.BaseAddress = new Uri($"{server.Url}/controlplanes/{controlPlane}/");
        http.Timeout = Timeout.InfiniteTimeSpan;
        return http;
    }
}
