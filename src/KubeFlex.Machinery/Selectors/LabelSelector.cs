using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.Selectors;

/// <summary>A label selector, parsed once per request.</summary>
public sealed class LabelSelector
{
    private readonly LabelRequirement[] requirements;

    private LabelSelector(IEnumerable<LabelRequirement> requirements) =>
        this.requirements = [.. requirements.OrderBy(r => r.Key, StringComparer.Ordinal)];

    /// <summary>Selects everything.</summary>
    public bool IsEmpty => requirements.Length == 0;

    /// <summary>Reads the query form (<c>a=b,c in (d,e),!f</c>); bad syntax is 400 in upstream's words.</summary>
    public static Result<LabelSelector> Parse(string text)
    {
        if (!new LabelSelectorParser(text).Parse().TryGet(out var requirements, out var error)) return error;
        return new LabelSelector(requirements);
    }

    /// <summary>Reads a <c>metav1.LabelSelector</c>.</summary>
    public static Result<LabelSelector> FromObject(JsonObject selector)
    {
        var requirements = new List<LabelRequirement>();
        foreach (var (key, value) in selector["matchLabels"] as JsonObject ?? [])
        {
            var (requirement, error) = LabelRequirement.Create(key, LabelOperator.Equals, [Text(value)]);
            if (error is not null) return ApiError.BadRequest(error);
            requirements.Add(requirement!);
        }
        foreach (var item in selector["matchExpressions"] as JsonArray ?? [])
        {
            var expression = item as JsonObject ?? [];
            LabelOperator? op = Text(expression["operator"]) switch
            {
                "In" => LabelOperator.In,
                "NotIn" => LabelOperator.NotIn,
                "Exists" => LabelOperator.Exists,
                "DoesNotExist" => LabelOperator.DoesNotExist,
                _ => null,
            };
            if (op is null) return ApiError.BadRequest($"\"{Text(expression["operator"])}\" is not a valid label selector operator");
            var values = (expression["values"] as JsonArray ?? []).Select(Text).Distinct().ToList();
            var (requirement, error) = LabelRequirement.Create(Text(expression["key"]), op.Value, values);
            if (error is not null) return ApiError.BadRequest(error);
            requirements.Add(requirement!);
        }
        return new LabelSelector(requirements);
    }

    /// <summary>Tests an object's labels.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        foreach (var r in requirements)
            if (!(labels.TryGetValue(r.Key, out var value) ? r.HoldsFor(value) : r.HoldsWhenAbsent)) return false;
        return true;
    }

    /// <summary>Tests an object as stored: scans the UTF-8 JSON for <c>metadata.labels</c> without building anything it does not need.</summary>
    public bool MatchesJson(ReadOnlySpan<byte> objectJson)
    {
        if (IsEmpty) return true;
        var reader = new Utf8JsonReader(objectJson, new JsonReaderOptions { MaxDepth = int.MaxValue });
        if (JsonScan.Enter(ref reader, "metadata"u8) && JsonScan.Enter(ref reader, "labels"u8)) return MatchesLabels(ref reader);
        foreach (var r in requirements)
            if (!r.HoldsWhenAbsent) return false;
        return true;
    }

    private bool MatchesLabels(ref Utf8JsonReader reader)
    {
        Span<bool> seen = requirements.Length <= 64 ? stackalloc bool[requirements.Length] : new bool[requirements.Length];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            // The key must be compared before the reader moves on to the value; most labels are named by no term.
            var named = false;
            for (var i = 0; i < requirements.Length; i++)
            {
                if (!requirements[i].IsKey(ref reader)) continue;
                named = seen[i] = true;
            }
            if (!named)
            {
                reader.Skip();
                continue;
            }
            var key = reader.GetString()!;
            reader.Read();
            for (var i = 0; i < requirements.Length; i++)
                if (seen[i] && requirements[i].Key == key && !requirements[i].HoldsFor(ref reader)) return false;
        }
        for (var i = 0; i < requirements.Length; i++)
            if (!seen[i] && !requirements[i].HoldsWhenAbsent) return false;
        return true;
    }

    private static string Text(JsonNode? node) => node is JsonValue v && v.GetValueKind() == JsonValueKind.String ? v.GetValue<string>() : "";

    /// <summary>The canonical query form.</summary>
    public override string ToString() => string.Join(',', (object[])requirements);
}
