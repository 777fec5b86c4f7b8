using System.Text.RegularExpressions;

namespace KubeFlex.Machinery.Validation;

/// <summary>Rules for names; each gives the errors in apimachinery's words, nothing when the name is right (<c>apimachinery/pkg/util/validation</c>).</summary>
public static partial class Names
{
    private const string Label1123 = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    private const string Subdomain1123 = Label1123 + "(\\." + Label1123 + ")*";
    private const string Label1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
    private const string Qualified = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
    private const string Value = "(" + Qualified + ")?";
    private const string ConfigKey = "[-._a-zA-Z0-9]+";
    private const string CIdentifierPattern = "[A-Za-z_][A-Za-z0-9_]*";

    private static readonly string DnsLabelError = Explain(
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
        Label1123, "my-name", "123-abc");

    private static readonly string SubdomainError = Explain(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
        Subdomain1123, "example.com");

    private static readonly string WildcardError = Explain(
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
        "\\*\\." + Subdomain1123, "*.example.com");

    private static readonly string Dns1035Error = Explain(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
        Label1035, "my-name", "abc-123");

    private static readonly string QualifiedError = Explain(
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        Qualified, "MyName", "my.name", "123-abc");

    private static readonly string ValueError = Explain(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        Value, "MyValue", "my_value", "12345");

    private static readonly string ConfigKeyError = Explain(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'", ConfigKey, "key.name", "KEY_NAME", "key-name");

    private static readonly string CIdentifierError = Explain(
        "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
        CIdentifierPattern, "my_name", "MY_NAME", "MyName");

    /// <summary>RFC 1123 subdomain.</summary>
    public static IReadOnlyList<string> DnsSubdomain(string value) => Check(value, 253, SubdomainRegex(), SubdomainError);

    /// <summary>RFC 1123 label.</summary>
    public static IReadOnlyList<string> DnsLabel(string value) => Check(value, 63, LabelRegex(), DnsLabelError);

    /// <summary>RFC 1035 label.</summary>
    public static IReadOnlyList<string> Dns1035Label(string value) => Check(value, 63, Label1035Regex(), Dns1035Error);

    /// <summary>RFC 1123 subdomain whose first label is an asterisk.</summary>
    public static IReadOnlyList<string> WildcardSubdomain(string value) => Check(value, 253, WildcardRegex(), WildcardError);

    /// <summary>A fully qualified name: a subdomain with at least one dot, a final dot allowed.</summary>
    public static IReadOnlyList<string> FullyQualified(string value)
    {
        if (value.Length == 0) return ["must be non-empty"];
        var name = value.EndsWith('.') ? value[..^1] : value;
        var errors = DnsSubdomain(name);
        if (errors.Count > 0) return errors;
        return name.Contains('.', StringComparison.Ordinal) ? [] : ["should be a domain with at least two segments separated by dots"];
    }

    /// <summary>Any path segment (RBAC objects).</summary>
    public static IReadOnlyList<string> PathSegment(string value)
    {
        if (value is "." or "..") return [$"may not be '{value}'"];
        var errors = new List<string>();
        if (value.Contains('/', StringComparison.Ordinal)) errors.Add("may not contain '/'");
        if (value.Contains('%', StringComparison.Ordinal)) errors.Add("may not contain '%'");
        return errors;
    }

    /// <summary>A label or annotation key.</summary>
    public static IReadOnlyList<string> QualifiedName(string value)
    {
        var errors = new List<string>();
        var parts = value.Split('/');
        string name;
        switch (parts.Length)
        {
            case 1:
                name = parts[0];
                break;
            case 2:
                name = parts[1];
                if (parts[0].Length == 0) errors.Add("prefix part must be non-empty");
                else errors.AddRange(DnsSubdomain(parts[0]).Select(e => "prefix part " + e));
                break;
            default:
                return ["a qualified name " + QualifiedError + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"];
        }
        if (name.Length == 0) errors.Add("name part must be non-empty");
        else if (name.Length > 63) errors.Add("name part " + TooLong(63));
        if (!QualifiedRegex().IsMatch(name)) errors.Add("name part " + QualifiedError);
        return errors;
    }

    /// <summary>A label value.</summary>
    public static IReadOnlyList<string> LabelValue(string value) => Check(value, 63, ValueRegex(), ValueError);

    /// <summary>A key of a ConfigMap or Secret.</summary>
    public static IReadOnlyList<string> ConfigMapKey(string value)
    {
        var errors = new List<string>();
        if (value.Length > 253) errors.Add(TooLong(253));
        if (!ConfigKeyRegex().IsMatch(value)) errors.Add(ConfigKeyError);
        if (value == ".") errors.Add("must not be '.'");
        else if (value == "..") errors.Add("must not be '..'");
        else if (value.StartsWith("..", StringComparison.Ordinal)) errors.Add("must not start with '..'");
        return errors;
    }

    /// <summary>Name of an environment variable (the relaxed rule of Kubernetes 1.30 and later: printable ASCII without '=').</summary>
    public static IReadOnlyList<string> EnvironmentVariable(string value)
    {
        var errors = new List<string>();
        if (value.Length == 0) errors.Add("environment variable name must be non-empty");
        else if (value.Any(c => c is < ' ' or > '~' or '=')) errors.Add("a valid environment variable name must consist only of printable ASCII characters other than '='");
        return errors;
    }

    /// <summary>C identifier.</summary>
    public static IReadOnlyList<string> CIdentifier(string value) => CIdentifierRegex().IsMatch(value) ? [] : [CIdentifierError];

    /// <summary>Name of a port (RFC 6335): at most 15 characters, a letter among them.</summary>
    public static IReadOnlyList<string> PortName(string value)
    {
        var errors = new List<string>();
        if (value.Length > 15) errors.Add(TooLong(15));
        if (!PortCharacters().IsMatch(value)) errors.Add("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
        if (!value.Any(c => c is >= 'a' and <= 'z')) errors.Add("must contain at least one letter (a-z)");
        if (value.Contains("--", StringComparison.Ordinal)) errors.Add("must not contain consecutive hyphens");
        if (value.Length > 0 && (value[0] == '-' || value[^1] == '-')) errors.Add("must not begin or end with a hyphen");
        return errors;
    }

    /// <summary>A rule for names, applied to a prefix that gets a random suffix: a final hyphen is fine.</summary>
    internal static IReadOnlyList<string> Prefix(string value, Func<string, IReadOnlyList<string>> rule) =>
        rule(value.Length > 1 && value[^1] == '-' ? value[..^1] + "a" : value);

    internal static string TooLong(int max) => $"must be no more than {max} bytes";

    private static IReadOnlyList<string> Check(string value, int max, Regex regex, string error)
    {
        var tooLong = value.Length > max;
        if (regex.IsMatch(value)) return tooLong ? [TooLong(max)] : [];
        return tooLong ? [TooLong(max), error] : [error];
    }

    // The two blanks between examples are upstream's.
    private static string Explain(string rule, string pattern, params string[] examples) =>
        $"{rule} (e.g. {string.Join(" or ", examples.Select(e => $"'{e}', "))}regex used for validation is '{pattern}')";

    [GeneratedRegex("^(?:" + Label1123 + ")\\z", RegexOptions.CultureInvariant)]
    private static partial Regex LabelRegex();

    [GeneratedRegex("^(?:" + Subdomain1123 + ")\\z", RegexOptions.CultureInvariant)]
    private static partial Regex SubdomainRegex();

    [GeneratedRegex("^\\*\\.(?:" + Subdomain1123 + ")\\z", RegexOptions.CultureInvariant)]
    private static partial Regex WildcardRegex();

    [GeneratedRegex("^(?:" + Label1035 + ")\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Label1035Regex();

    [GeneratedRegex("^(?:" + Qualified + ")\\z", RegexOptions.CultureInvariant)]
    private static partial Regex QualifiedRegex();

    [GeneratedRegex("^(?:" + Value + ")\\z", RegexOptions.CultureInvariant)]
    private static partial Regex ValueRegex();

    [GeneratedRegex("^(?:" + ConfigKey + ")\\z", RegexOptions.CultureInvariant)]
    private static partial Regex ConfigKeyRegex();

    [GeneratedRegex("^(?:" + CIdentifierPattern + ")\\z", RegexOptions.CultureInvariant)]
    private static partial Regex CIdentifierRegex();

    [GeneratedRegex("^[-a-z0-9]+\\z", RegexOptions.CultureInvariant)]
    private static partial Regex PortCharacters();
}
