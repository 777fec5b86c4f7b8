using System.Globalization;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Json;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.Server.Sharing;

/// <summary>Failures of the way to a control plane, as the API's <c>Status</c>.</summary>
internal static class Refusal
{
    /// <summary>Nothing has happened; clients that see the Retry-After try again by themselves.</summary>
    public static ApiError NotNow(string message) => new(503, "ServiceUnavailable", message, new StatusDetails(RetryAfterSeconds: 1));

    /// <summary>A write that may have happened: nobody must repeat it without looking.</summary>
    public static ApiError Unknown() =>
        ApiError.Timeout("the server that had this control plane did not answer: whether the request was carried out is not known");

    public static async Task WriteAsync(HttpContext http, ApiError error, bool toPeer = false)
    {
        var response = http.Response;
        if (response.HasStarted)
        {
            http.Abort();
            return;
        }
        if (toPeer) response.Headers[PeerHeaders.Refused] = "true";
        if (error.Details?.RetryAfterSeconds is > 0 and var seconds) response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        var body = KubeJson.ToUtf8(error.ToStatus());
        (response.StatusCode, response.ContentType, response.ContentLength) = (error.Code, "application/json", body.Length);
        if (!HttpMethods.IsHead(http.Request.Method)) await response.Body.WriteAsync(body, http.RequestAborted);
    }
}
