using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.Selectors;

/// <summary>A label selector, parsed once per request.</summary>
public sealed class LabelSelector
{
    private LabelSelector() { }

    /// <summary>Selects everything.</summary>
    public bool IsEmpty => throw new NotImplementedException();

    /// <summary>Reads the query form (<c>a=b,c in (d,e),!f</c>); bad syntax is 400 in upstream's words.</summary>
    public static Result<LabelSelector> Parse(string text) => throw new NotImplementedException();

    /// <summary>Reads a <c>metav1.LabelSelector</c>.</summary>
    public static Result<LabelSelector> FromObject(JsonObject selector) => throw new NotImplementedException();

    /// <summary>Tests an object's labels.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels) => throw new NotImplementedException();

    /// <summary>Tests an object as stored: scans the UTF-8 JSON for <c>metadata.labels</c> without building anything it does not need.</summary>
    public bool MatchesJson(ReadOnlySpan<byte> objectJson) => throw new NotImplementedException();

    /// <summary>The canonical query form.</summary>
    public override string ToString() => throw new NotImplementedException();
}

/// <summary>A field selector: <c>=</c>, <c>==</c> and <c>!=</c> terms, all of which must hold.</summary>
public sealed class FieldSelector
{
    private FieldSelector() { }

    /// <summary>Selects everything.</summary>
    public bool IsEmpty => throw new NotImplementedException();

    /// <summary>Reads the query form; <paramref name="supported"/> holds the allowed fields beside metadata.name and metadata.namespace. An unknown field is 400 in upstream's words.</summary>
    public static Result<FieldSelector> Parse(string text, IReadOnlyCollection<string> supported) => throw new NotImplementedException();

    /// <summary>The value that <c>metadata.name</c> must equal, when one term says so; lets a list become a get.</summary>
    public string? RequiredName => throw new NotImplementedException();

    /// <summary>The value that <c>metadata.namespace</c> must equal, when one term says so.</summary>
    public string? RequiredNamespace => throw new NotImplementedException();

    /// <summary>Tests an object as stored. An absent field counts as the empty string; booleans and numbers compare by their JSON text (an absent boolean as "false").</summary>
    public bool MatchesJson(ReadOnlySpan<byte> objectJson) => throw new NotImplementedException();

    /// <summary>Tests a parsed object.</summary>
    public bool Matches(JsonObject obj) => throw new NotImplementedException();
}
