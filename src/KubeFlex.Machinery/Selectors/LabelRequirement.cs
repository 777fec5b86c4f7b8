using System.Globalization;
using System.Text;
using System.Text.Json;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.Selectors;

internal enum LabelOperator
{
    In,
    NotIn,
    Equals,
    DoubleEquals,
    NotEquals,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

/// <summary>One term of a label selector. Values are sorted, each once.</summary>
internal sealed class LabelRequirement
{
    private readonly byte[] keyUtf8;
    private readonly byte[][] valuesUtf8;

    private LabelRequirement(string key, LabelOperator op, IReadOnlyList<string> values)
    {
        Key = key;
        Operator = op;
        Values = values;
        keyUtf8 = Encoding.UTF8.GetBytes(key);
        valuesUtf8 = [.. values.Select(Encoding.UTF8.GetBytes)];
        HoldsWhenAbsent = op is LabelOperator.NotIn or LabelOperator.NotEquals or LabelOperator.DoesNotExist;
    }

    internal string Key { get; }

    internal LabelOperator Operator { get; }

    internal IReadOnlyList<string> Values { get; }

    /// <summary>The answer for an object without this label.</summary>
    internal bool HoldsWhenAbsent { get; }

    /// <summary>Checks key and values (<c>labels.NewRequirement</c>).</summary>
    internal static (LabelRequirement? Requirement, string? Error) Create(string key, LabelOperator op, IReadOnlyCollection<string> values)
    {
        var errors = new FieldErrors();
        CheckKey("key", key, errors);
        switch (op)
        {
            case LabelOperator.In or LabelOperator.NotIn when values.Count == 0:
                errors.Invalid("values", null, "for 'in', 'notin' operators, values set can't be empty");
                break;
            case LabelOperator.Exists or LabelOperator.DoesNotExist when values.Count > 0:
                errors.Invalid("values", new System.Text.Json.Nodes.JsonArray([.. values.Select(v => (System.Text.Json.Nodes.JsonNode)v)]), "values set must be empty for exists and does not exist");
                break;
            case LabelOperator.GreaterThan or LabelOperator.LessThan:
                var index = 0;
                foreach (var value in values)
                {
                    if (!TryNumber(value, out _)) errors.Invalid($"values[{index}]", value, "for 'Gt', 'Lt' operators, the value must be an integer");
                    index++;
                }
                break;
        }
        var position = 0;
        foreach (var value in values)
        {
            var why = Validation.Names.LabelValue(value);
            if (why.Count > 0) errors.Invalid($"values[{position}][{key}]", value, string.Join("; ", why));
            position++;
        }
        return errors.Count > 0 ? (null, errors.Aggregate()) : (new LabelRequirement(key, op, [.. values.Order(StringComparer.Ordinal)]), null);
    }

    internal static void CheckKey(string field, string key, FieldErrors errors)
    {
        var why = Validation.Names.QualifiedName(key);
        if (why.Count > 0) errors.Invalid(field, key, string.Join("; ", why));
    }

    internal bool HoldsFor(string value) => Operator switch
    {
        LabelOperator.Exists => true,
        LabelOperator.DoesNotExist => false,
        LabelOperator.NotIn or LabelOperator.NotEquals => !Values.Contains(value),
        LabelOperator.GreaterThan => TryNumber(value, out var n) && n > long.Parse(Values[0], CultureInfo.InvariantCulture),
        LabelOperator.LessThan => TryNumber(value, out var n) && n < long.Parse(Values[0], CultureInfo.InvariantCulture),
        _ => Values.Contains(value),
    };

    internal bool IsKey(ref Utf8JsonReader reader) => reader.ValueTextEquals(keyUtf8);

    /// <summary>The same for the string that the reader stands on, without building it where that can be helped.</summary>
    internal bool HoldsFor(ref Utf8JsonReader reader)
    {
        if (Operator == LabelOperator.Exists) return true;
        if (Operator == LabelOperator.DoesNotExist || reader.TokenType != JsonTokenType.String) return false;
        if (Operator is LabelOperator.GreaterThan or LabelOperator.LessThan) return HoldsFor(reader.GetString()!);
        var listed = false;
        foreach (var value in valuesUtf8)
        {
            if (!reader.ValueTextEquals(value)) continue;
            listed = true;
            break;
        }
        return listed != HoldsWhenAbsent;
    }

    private static bool TryNumber(string text, out long number) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);

    public override string ToString() => Operator switch
    {
        LabelOperator.Exists => Key,
        LabelOperator.DoesNotExist => $"!{Key}",
        LabelOperator.In => $"{Key} in ({string.Join(',', Values)})",
        LabelOperator.NotIn => $"{Key} notin ({string.Join(',', Values)})",
        LabelOperator.Equals => $"{Key}={Values[0]}",
        LabelOperator.DoubleEquals => $"{Key}=={Values[0]}",
        LabelOperator.NotEquals => $"{Key}!={Values[0]}",
        LabelOperator.GreaterThan => $"{Key}>{Values[0]}",
        _ => $"{Key}<{Values[0]}",
    };
}
