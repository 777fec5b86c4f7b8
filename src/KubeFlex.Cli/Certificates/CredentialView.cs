using System.Text.Json.Nodes;

namespace KubeFlex.Cli.Certificates;

/// <summary>A certificate or token that ends some day.</summary>
/// <param name="Secret">Secret it stands in.</param>
/// <param name="Place">Key in the secret, and entry of the kubeconfig there.</param>
/// <param name="Subject">Whose it is.</param>
/// <param name="Kind">authority, server, client or token.</param>
/// <param name="Expires">Its end.</param>
/// <param name="RenewAt">When the operator renews it; null for what it does not renew.</param>
internal sealed record CredentialView(string Secret, string Place, string Subject, string Kind, DateTimeOffset Expires, DateTimeOffset? RenewAt)
{
    // Renewal is a matter of seconds; an hour late means that nobody does it.
    private static readonly TimeSpan Grace = TimeSpan.FromHours(1);

    // What nobody renews is worth a word in time to do so by hand.
    private static readonly TimeSpan Notice = TimeSpan.FromDays(30);

    /// <summary>ok, overdue (it should have been renewed), expiring (nobody will renew it) or expired.</summary>
    public string State(DateTimeOffset now) => Expires <= now ? "expired"
        : RenewAt is { } due ? now > due + Grace ? "overdue" : "ok"
        : Expires - now < Notice ? "expiring" : "ok";

    public JsonObject ToJson(DateTimeOffset now) => new()
    {
        ["secret"] = Secret,
        ["place"] = Place,
        ["subject"] = Subject,
        ["kind"] = Kind,
        ["expires"] = Stamp(Expires),
        ["renewAt"] = RenewAt is { } due ? Stamp(due) : null,
        ["state"] = State(now),
    };

    public static string Stamp(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
