using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.OpenApi;

/// <summary>A path and what can be done there, in terms that both versions of OpenAPI are written from.</summary>
/// <param name="Template">Such as <c>/apis/apps/v1/deployments</c>.</param>
/// <param name="Parameters">Names of parameters that all operations share.</param>
/// <param name="Operations">Operations.</param>
internal sealed record ApiPath(string Template, IReadOnlyList<string> Parameters, IReadOnlyList<ApiOperation> Operations);

/// <summary>What an operation takes as its body.</summary>
internal enum BodyKind
{
    None,
    Object,
    DeleteOptions,
    Patch,
}

/// <summary>What an operation gives.</summary>
internal enum AnswerKind
{
    Object,
    /// <summary>An object, or a stream of watch events.</summary>
    Stream,
    /// <summary>Text, or whatever the other side sends.</summary>
    Text,
}

/// <summary>One operation.</summary>
internal sealed record ApiOperation
{
    /// <summary>HTTP method in lower case.</summary>
    public required string Method { get; init; }
    public required string Id { get; init; }
    public required string Tag { get; init; }
    /// <summary><c>x-kubernetes-action</c>, or null for discovery.</summary>
    public string? Action { get; init; }
    public GroupVersionKind Kind { get; init; }
    public IReadOnlyList<string> Parameters { get; init; } = [];
    public BodyKind Body { get; init; }
    /// <summary>Type name of an object body.</summary>
    public string? BodyType { get; init; }
    public AnswerKind Answer { get; init; }
    /// <summary>Type name of the answer; null for text.</summary>
    public string? AnswerType { get; init; }
    public IReadOnlyList<int> Codes { get; init; } = [200];
    /// <summary>Served by the handler of custom resources, which knows neither protobuf nor strategic merge.</summary>
    public bool Custom { get; init; }

    public static string CodeText(int code) => code switch { 200 => "OK", 201 => "Created", 202 => "Accepted", _ => "Unauthorized" };
}
