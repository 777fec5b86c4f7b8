using System.Globalization;
using System.Text;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Objects;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace KubeFlex.ApiServer.Requests;

/// <summary>Options of the query string, as <c>metav1.ListOptions</c>, <c>CreateOptions</c> … have them.</summary>
internal sealed class QueryOptions
{
    public static readonly QueryOptions None = new();

    public string LabelSelector { get; private set; } = "";
    public string FieldSelector { get; private set; } = "";
    public bool Watch { get; private set; }
    public bool AllowWatchBookmarks { get; private set; }
    public bool? SendInitialEvents { get; private set; }
    public string ResourceVersion { get; private set; } = "";
    public string ResourceVersionMatch { get; private set; } = "";
    public long TimeoutSeconds { get; private set; }
    public long Limit { get; private set; }
    public string Continue { get; private set; } = "";
    public string FieldManager { get; private set; } = "";
    public string FieldValidation { get; private set; } = "";
    public IReadOnlyList<string> DryRun { get; private set; } = [];
    public bool Force { get; private set; }
    public bool HasForce { get; private set; }
    public string? PropagationPolicy { get; private set; }
    public bool? OrphanDependents { get; private set; }
    public long? GracePeriodSeconds { get; private set; }
    public bool Pretty { get; private set; }
    public string IncludeObject { get; private set; } = "";
    public ApiError? Malformed { get; private set; }

    /// <summary>Nothing is to be stored.</summary>
    public bool IsDryRun => DryRun.Count > 0;

    public static QueryOptions Parse(HttpRequest request)
    {
        if (!request.QueryString.HasValue) return None;
        var o = new QueryOptions();
        foreach (var pair in new QueryStringEnumerable(request.QueryString.Value))
        {
            var value = pair.DecodeValue().ToString();
            switch (pair.DecodeName().Span)
            {
                case "labelSelector": o.LabelSelector = value; break;
                case "fieldSelector": o.FieldSelector = value; break;
                case "watch": o.Watch = IsTrue(value); break;
                case "allowWatchBookmarks": o.AllowWatchBookmarks = IsTrue(value); break;
                case "sendInitialEvents": o.SendInitialEvents = IsTrue(value); break;
                case "resourceVersion": o.ResourceVersion = value; break;
                case "resourceVersionMatch": o.ResourceVersionMatch = value; break;
                case "timeoutSeconds": o.TimeoutSeconds = o.Number(value); break;
                case "limit": o.Limit = o.Number(value); break;
                case "continue": o.Continue = value; break;
                case "fieldManager": o.FieldManager = value; break;
                case "fieldValidation": o.FieldValidation = value; break;
                case "dryRun": o.DryRun = [.. o.DryRun, value]; break;
                case "force": (o.Force, o.HasForce) = (IsTrue(value), true); break;
                case "propagationPolicy": o.PropagationPolicy = value; break;
                case "orphanDependents": o.OrphanDependents = IsTrue(value); break;
                case "gracePeriodSeconds": o.GracePeriodSeconds = o.Number(value); break;
                case "pretty": o.Pretty = IsTrue(value); break;
                case "includeObject": o.IncludeObject = value; break;
                default: break;
            }
        }
        return o;
    }

    /// <summary>apimachinery's conversion: everything but false and 0 is true.</summary>
    public static bool IsTrue(StringValues value) => value.Count > 0 && value[0] is { } s && !s.Equals("false", StringComparison.OrdinalIgnoreCase) && s != "0";

    private long Number(string value)
    {
        if (long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n)) return n;
        Malformed ??= ApiError.BadRequest($"strconv.ParseInt: parsing {GoQuote(value)}: invalid syntax");
        return 0;
    }

    public static string GoQuote(string s) => "\"" + s.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";

    /// <summary>Rules of <c>ValidateListOptions</c>.</summary>
    public ApiError? ValidateList(bool watch)
    {
        if (Malformed is not null) return Malformed;
        var errors = new FieldErrors();
        if (watch)
        {
            if (SendInitialEvents is null && ResourceVersionMatch.Length > 0)
                errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
            if (SendInitialEvents is not null && ResourceVersionMatch != "NotOlderThan")
                errors.Forbidden("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        }
        else
        {
            if (SendInitialEvents is not null) errors.Forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
            if (ResourceVersionMatch.Length > 0)
            {
                if (ResourceVersion.Length == 0) errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
                if (Continue.Length > 0) errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
                if (ResourceVersionMatch is not ("Exact" or "NotOlderThan"))
                    errors.NotSupported("resourceVersionMatch", ResourceVersionMatch, ["", "Exact", "NotOlderThan"]);
                if (ResourceVersionMatch == "Exact" && ResourceVersion == "0")
                    errors.Forbidden("resourceVersionMatch", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
            }
        }
        return errors.Count > 0 ? Invalid("ListOptions", errors) : null;
    }

    /// <summary>Rules of <c>ValidateCreateOptions</c> and <c>ValidateUpdateOptions</c>.</summary>
    public ApiError? ValidateWrite(string kind)
    {
        if (ReferenceEquals(this, None)) return null;
        if (Malformed is not null) return Malformed;
        var errors = new FieldErrors();
        Common(errors);
        return errors.Count > 0 ? Invalid(kind, errors) : null;
    }

    /// <summary>Rules of <c>ValidatePatchOptions</c>.</summary>
    public ApiError? ValidatePatch(bool apply)
    {
        if (Malformed is not null) return Malformed;
        var errors = new FieldErrors();
        if (!apply && HasForce) errors.Forbidden("force", "may not be specified for non-apply patch");
        if (apply && FieldManager.Length == 0) errors.Required("fieldManager", "is required for apply patch");
        Common(errors);
        return errors.Count > 0 ? Invalid("PatchOptions", errors) : null;
    }

    public static ApiError Invalid(string kind, FieldErrors errors) => ApiError.Invalid(new GroupKind("meta.k8s.io", kind), "", errors);

    public static void ValidateDryRun(IReadOnlyList<string> dryRun, FieldErrors errors)
    {
        foreach (var d in dryRun)
            if (d != "All") { errors.NotSupported("dryRun", d, ["All"]); break; }
    }

    private void Common(FieldErrors errors)
    {
        if (Encoding.UTF8.GetByteCount(FieldManager) > 128) errors.TooLong("fieldManager", 128);
        foreach (var r in FieldManager.EnumerateRunes())
            if (Rune.IsControl(r) || Rune.GetUnicodeCategory(r) is UnicodeCategory.OtherNotAssigned or UnicodeCategory.Format)
            {
                errors.Invalid("fieldManager", FieldManager, $"should only contain printable characters");
                break;
            }
        ValidateDryRun(DryRun, errors);
        if (FieldValidation is not ("" or "Ignore" or "Strict" or "Warn")) errors.NotSupported("fieldValidation", FieldValidation, ["", "Ignore", "Strict", "Warn"]);
    }
}
