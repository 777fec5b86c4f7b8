using System.Text.Json.Nodes;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.Errors;

/// <summary>
/// A failure as Kubernetes' API reports it. Errors are values until the edge; one place turns them into a <c>Status</c> document.
/// Codes, reasons and texts follow <c>k8s.io/apimachinery/pkg/api/errors</c>.
/// </summary>
/// <param name="Code">HTTP status code.</param>
/// <param name="Reason"><c>metav1.StatusReason</c>, such as <c>NotFound</c>; empty when there is none.</param>
/// <param name="Message">What a person reads.</param>
/// <param name="Details">What the failure is about, or null.</param>
public sealed record ApiError(int Code, string Reason, string Message, StatusDetails? Details = null)
{
    /// <summary>404: no object of that name.</summary>
    public static ApiError NotFound(GroupResource resource, string name) =>
        new(404, "NotFound", $"{resource} \"{name}\" not found", Named(resource, name));

    /// <summary>404: the URL names nothing that is served.</summary>
    public static ApiError NoSuchPath() => new(404, "NotFound", "the server could not find the requested resource", new StatusDetails());

    /// <summary>409: the name is taken.</summary>
    public static ApiError AlreadyExists(GroupResource resource, string name) =>
        new(409, "AlreadyExists", $"{resource} \"{name}\" already exists", Named(resource, name));

    /// <summary>409: the object changed under the writer, or a precondition does not hold.</summary>
    public static ApiError Conflict(GroupResource resource, string name, string why) =>
        new(409, "Conflict", $"Operation cannot be fulfilled on {resource} \"{name}\": {why}", Named(resource, name));

    /// <summary>400.</summary>
    public static ApiError BadRequest(string message) => new(400, "BadRequest", message);

    /// <summary>401.</summary>
    public static ApiError Unauthorized() => new(401, "Unauthorized", "Unauthorized");

    /// <summary>403; <paramref name="why"/> follows "… is forbidden: ".</summary>
    public static ApiError Forbidden(GroupResource resource, string name, string why) =>
        new(403, "Forbidden", resource.Resource.Length == 0 ? $"forbidden: {why}"
            : name.Length == 0 ? $"{resource} is forbidden: {why}" : $"{resource} \"{name}\" is forbidden: {why}", Named(resource, name));

    /// <summary>405: the resource does not have this verb.</summary>
    public static ApiError MethodNotSupported(GroupResource resource, string verb) =>
        new(405, "MethodNotAllowed", $"{verb} is not supported on resources of kind \"{resource}\"", new StatusDetails(Group: resource.Group, Kind: resource.Resource));

    /// <summary>405 without a resource: the path exists, the HTTP method does not.</summary>
    public static ApiError MethodNotAllowed() =>
        new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", new StatusDetails());

    /// <summary>410: the resource version is compacted away.</summary>
    public static ApiError Expired(string message) => new(410, "Expired", message);

    /// <summary>413.</summary>
    public static ApiError TooLarge(string message) => new(413, "RequestEntityTooLarge", message);

    /// <summary>415.</summary>
    public static ApiError UnsupportedMediaType(string message) => new(415, "UnsupportedMediaType", message);

    /// <summary>406.</summary>
    public static ApiError NotAcceptable(string message) => new(406, "NotAcceptable", message);

    /// <summary>429: try again after a while.</summary>
    public static ApiError TooManyRequests(string message, int retryAfterSeconds) =>
        new(429, "TooManyRequests", message, new StatusDetails(RetryAfterSeconds: retryAfterSeconds));

    /// <summary>500. <paramref name="message"/> must be fit for a client: no secret, no stack trace.</summary>
    public static ApiError Internal(string message) => new(500, "InternalError", $"Internal error occurred: {message}",
        new StatusDetails(Causes: [new StatusCause("", message, null)]));

    /// <summary>504 with reason Timeout, such as a resource version from the future.</summary>
    public static ApiError Timeout(string message, int retryAfterSeconds = 0) =>
        new(504, "Timeout", message, new StatusDetails(RetryAfterSeconds: retryAfterSeconds));

    /// <summary>422: the object breaks rules; one cause per error, message as <c>field.ErrorList.ToAggregate</c> words it.</summary>
    public static ApiError Invalid(GroupKind kind, string name, FieldErrors errors) =>
        new(422, "Invalid", errors.Count == 0 ? $"{kind} \"{name}\" is invalid" : $"{kind} \"{name}\" is invalid: {errors.Aggregate()}",
            new StatusDetails(name, kind.Group, kind.Kind, Causes: errors.ToCauses()));

    /// <summary>The <c>Status</c> document.</summary>
    public JsonObject ToStatus()
    {
        var status = new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Failure", ["message"] = Message };
        if (Reason.Length > 0) status["reason"] = Reason;
        if (Details is not null) status["details"] = Details.ToJson();
        status["code"] = Code;
        return status;
    }

    private static StatusDetails Named(GroupResource resource, string name) => new(name, resource.Group, resource.Resource);
}

/// <summary><c>metav1.StatusDetails</c>. Empty and absent members are not written.</summary>
/// <param name="Name">Name of the object.</param>
/// <param name="Group">API group.</param>
/// <param name="Kind">Kind, or (as upstream does in many errors) the plural resource name.</param>
/// <param name="Uid">Uid of the object.</param>
/// <param name="Causes">Single causes, at most one per field and reason.</param>
/// <param name="RetryAfterSeconds">Seconds after which the client may try again; 0 for none.</param>
public sealed record StatusDetails(string? Name = null, string? Group = null, string? Kind = null, string? Uid = null,
    IReadOnlyList<StatusCause>? Causes = null, int RetryAfterSeconds = 0)
{
    /// <summary>The document.</summary>
    public JsonObject ToJson()
    {
        var o = new JsonObject();
        if (!string.IsNullOrEmpty(Name)) o["name"] = Name;
        if (!string.IsNullOrEmpty(Group)) o["group"] = Group;
        if (!string.IsNullOrEmpty(Kind)) o["kind"] = Kind;
        if (!string.IsNullOrEmpty(Uid)) o["uid"] = Uid;
        if (Causes is { Count: > 0 }) o["causes"] = new JsonArray([.. Causes.Select(c => c.ToJson())]);
        if (RetryAfterSeconds > 0) o["retryAfterSeconds"] = RetryAfterSeconds;
        return o;
    }
}

/// <summary><c>metav1.StatusCause</c>.</summary>
/// <param name="Reason">Machine-readable, such as <c>FieldValueInvalid</c>; may be empty.</param>
/// <param name="Message">What a person reads.</param>
/// <param name="Field">Path of the field, or null.</param>
public sealed record StatusCause(string Reason, string Message, string? Field)
{
    /// <summary>The document.</summary>
    public JsonObject ToJson()
    {
        var o = new JsonObject();
        if (Reason.Length > 0) o["reason"] = Reason;
        if (Message.Length > 0) o["message"] = Message;
        if (!string.IsNullOrEmpty(Field)) o["field"] = Field;
        return o;
    }
}
