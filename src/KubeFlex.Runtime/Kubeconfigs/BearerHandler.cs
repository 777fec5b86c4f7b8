using System.Net;
using System.Net.Http.Headers;

namespace KubeFlex.Runtime.Kubeconfigs;

/// <summary>Adds a bearer token that may change while the client lives: from a file that is rewritten, or from a plugin.</summary>
internal sealed class BearerHandler(Func<bool, CancellationToken, Task<string?>> token) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        await AuthorizeAsync(request, fresh: false, cancellationToken);
        var response = await base.SendAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.Unauthorized) return response;
        // The body is a byte array: the request may be sent twice.
        response.Dispose();
        await AuthorizeAsync(request, fresh: true, cancellationToken);
        return await base.SendAsync(request, cancellationToken);
    }

    private async Task AuthorizeAsync(HttpRequestMessage request, bool fresh, CancellationToken cancellation)
    {
        if (await token(fresh, cancellation) is { Length: > 0 } value) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", value);
    }
}
