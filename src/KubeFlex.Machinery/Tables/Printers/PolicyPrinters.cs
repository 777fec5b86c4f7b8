using System.Text.Json.Nodes;
using KubeFlex.Machinery.CustomResources;

namespace KubeFlex.Machinery.Tables.Printers;

/// <summary>Who may do what: RBAC, certificates, admission, disruption, priority and fairness.</summary>
internal static class PolicyPrinters
{
    public static JsonArray Binding(JsonObject o, DateTimeOffset now)
    {
        var role = o.Obj("roleRef");
        return CellWriter.Row(o.Name(), $"{role.Str("kind")}/{role.Str("name")}", o.Age(now), Subjects("User"), Subjects("Group"), Subjects("ServiceAccount"));

        string Subjects(string kind) => string.Join(", ", o.Items("subjects").Where(s => s.Str("kind") == kind)
            .Select(s => kind == "ServiceAccount" ? $"{s.Str("namespace")}/{s.Str("name")}" : s.Str("name")));
    }

    public static JsonArray PodDisruptionBudget(JsonObject o, DateTimeOffset now)
    {
        var spec = o.Obj("spec");
        return CellWriter.Row(o.Name(), spec.Get("minAvailable").Text().Or("N/A"), spec.Get("maxUnavailable").Text().Or("N/A"), o.Obj("status").Number("disruptionsAllowed"), o.Age(now));
    }

    public static JsonArray CertificateSigningRequest(JsonObject o, DateTimeOffset now)
    {
        var (spec, status) = (o.Obj("spec"), o.Obj("status"));
        var types = status.Items("conditions").Select(c => c.Str("type")).ToHashSet();
        var state = types.Contains("Denied") ? "Denied" : types.Contains("Approved") ? "Approved" : "Pending";
        if (types.Contains("Failed")) state += ",Failed";
        if (status.Str("certificate").Length > 0) state += ",Issued";
        var duration = spec.Long("expirationSeconds") is { } seconds ? HumanDuration.Format(TimeSpan.FromSeconds(seconds)) : CellWriter.None;
        return CellWriter.Row(o.Name(), o.Age(now), spec.Str("signerName").Or(CellWriter.None), spec.Str("username"), duration, state);
    }

    public static JsonArray Webhooks(JsonObject o, DateTimeOffset now) => CellWriter.Row(o.Name(), o.Count("webhooks"), o.Age(now));

    public static JsonArray ValidatingPolicy(JsonObject o, DateTimeOffset now) => CellWriter.Row(o.Name(), o.Obj("spec").Count("validations"), ParamKind(o), o.Age(now));

    public static JsonArray MutatingPolicy(JsonObject o, DateTimeOffset now) => CellWriter.Row(o.Name(), o.Obj("spec").Count("mutations"), ParamKind(o), o.Age(now));

    public static JsonArray PolicyBinding(JsonObject o, DateTimeOffset now)
    {
        var spec = o.Obj("spec");
        var param = CellWriter.Unset;
        if (spec.Obj("paramRef") is { } p)
            param = p.Str("name") is { Length: > 0 } name ? (p.Str("namespace") is { Length: > 0 } ns ? $"{ns}/{name}" : name) : SelectorFormat.Format(p.Obj("selector"), "*");
        return CellWriter.Row(o.Name(), spec.Str("policyName"), param, o.Age(now));
    }

    public static JsonArray FlowSchema(JsonObject o, DateTimeOffset now)
    {
        var spec = o.Obj("spec");
        var missing = o.Obj("status").Condition("Dangling") is { } dangling ? dangling.Str("status") : "?";
        return CellWriter.Row(o.Name(), spec.Obj("priorityLevelConfiguration").Str("name"), spec.Number("matchingPrecedence"),
            spec.Obj("distinguisherMethod").Str("type").Or(CellWriter.None), o.Age(now), missing);
    }

    public static JsonArray PriorityLevel(JsonObject o, DateTimeOffset now)
    {
        var spec = o.Obj("spec");
        var limited = spec.Obj("limited");
        var queuing = limited.Obj("limitResponse").Obj("queuing");
        return CellWriter.Row(o.Name(), spec.Str("type"), NumberOrNone((limited ?? spec.Obj("exempt")).Long("nominalConcurrencyShares")), NumberOrNone(queuing.Long("queues")),
            NumberOrNone(queuing.Long("handSize")), NumberOrNone(queuing.Long("queueLengthLimit")), o.Age(now));
    }

    public static JsonArray PriorityClass(JsonObject o, DateTimeOffset now) => CellWriter.Row(o.Name(), o.Number("value"), o.Bool("globalDefault"), o.Age(now), o.Str("preemptionPolicy").Or(CellWriter.None));

    public static JsonArray ApiService(JsonObject o, DateTimeOffset now)
    {
        var service = o.Obj("spec").Obj("service") is { } s ? $"{s.Str("namespace")}/{s.Str("name")}" : "Local";
        var available = o.Obj("status").Condition("Available");
        var state = available is null ? "Unknown" : available.Str("status") == "True" ? "True" : $"{available.Str("status")} ({available.Str("reason")})";
        return CellWriter.Row(o.Name(), service, state, o.Age(now));
    }

    private static object NumberOrNone(long? number) => number is { } n ? n : CellWriter.None;

    private static string ParamKind(JsonObject o) => o.Obj("spec").Obj("paramKind") is { } p ? $"{p.Str("apiVersion")}/{p.Str("kind")}" : CellWriter.Unset;
}
