using System.Net;
using System.Text.Json.Nodes;

namespace KubeFlex.Runtime.Client;

/// <summary>An answer of the API that is not a success.</summary>
public sealed class KubeApiException : Exception
{
    /// <summary>Makes the failure from the answer.</summary>
    public KubeApiException(int code, JsonObject? status, string message) : base(message) => (Code, Status) = (code, status);

    /// <summary>HTTP status code.</summary>
    public int Code { get; }

    /// <summary>The <c>Status</c> document, if the answer was one.</summary>
    public JsonObject? Status { get; }

    /// <summary>The machine-readable reason, or empty.</summary>
    public string Reason => (string?)Status?["reason"] ?? "";

    /// <summary>No such object or path.</summary>
    public bool IsNotFound => Code == (int)HttpStatusCode.NotFound;

    /// <summary>409 because the name is taken.</summary>
    public bool IsAlreadyExists => Reason == "AlreadyExists";

    /// <summary>409 because the object changed meanwhile.</summary>
    public bool IsConflict => Code == (int)HttpStatusCode.Conflict && !IsAlreadyExists;

    /// <summary>The resource version is too old: list again.</summary>
    public bool IsExpired => Code == (int)HttpStatusCode.Gone || Reason is "Expired" or "Gone";

    /// <summary>Worth another try later (Internal, ServiceUnavailable, Timeout, ServerTimeout, TooManyRequests).</summary>
    public bool IsTransient => Code is 429 or 500 or 502 or 503 or 504;
}
