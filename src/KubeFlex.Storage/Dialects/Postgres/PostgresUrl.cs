using System.Globalization;
using System.Text;
using Npgsql;

namespace KubeFlex.Storage.Dialects.Postgres;

/// <summary>
/// Connection URLs as libpq reads them (PostgreSQL's documentation, "Connection URIs"): <c>postgresql://[user[:password]@][host[:port],…][/database][?name=value&amp;…]</c>,
/// everything percent-encoded. A host that starts with a slash is the directory of a unix socket. <c>schema</c> is ours.
/// </summary>
internal sealed class PostgresUrl
{
    private const string DefaultSocket = "/var/run/postgresql";

    private readonly List<string> errors = [];
    private readonly Dictionary<string, string> values = new(StringComparer.Ordinal);
    private readonly NpgsqlConnectionStringBuilder settings = [];
    private string? schema;

    private PostgresUrl()
    {
    }

    public static (PostgresTarget? Target, IReadOnlyList<string> Errors) Parse(string text, Func<string, string?> environment)
    {
        var url = new PostgresUrl();
        url.Split(text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..]);
        url.Fill(environment);
        return url.errors.Count > 0 ? (null, url.errors) : (new(url.settings.ToString(), url.schema), []);
    }

    private void Split(string rest)
    {
        var query = rest.IndexOf('?', StringComparison.Ordinal);
        var parameters = query < 0 ? "" : rest[(query + 1)..];
        if (query >= 0) rest = rest[..query];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        if (slash >= 0)
        {
            if (slash + 1 < rest.Length) values["dbname"] = Decode(rest[(slash + 1)..], "database");
            rest = rest[..slash];
        }
        var at = rest.LastIndexOf('@');
        if (at >= 0)
        {
            var colon = rest[..at].IndexOf(':', StringComparison.Ordinal);
            if (colon < 0) values["user"] = Decode(rest[..at], "user");
            else
            {
                values["user"] = Decode(rest[..colon], "user");
                values["password"] = Decode(rest[(colon + 1)..at], "password");
            }
            rest = rest[(at + 1)..];
        }
        Hosts(rest);
        foreach (var pair in parameters.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0) errors.Add("a parameter of the datastore's URL is written NAME=VALUE");
            else values[Decode(pair[..equals], "parameter")] = Decode(pair[(equals + 1)..], pair[..equals]);
        }
    }

    private void Hosts(string text)
    {
        if (text.Length == 0) return;
        List<string> hosts = [], ports = [];
        foreach (var part in text.Split(','))
        {
            var colon = part.LastIndexOf(':');
            if (colon >= 0 && colon < part.LastIndexOf(']')) colon = -1;
            hosts.Add(Decode((colon < 0 ? part : part[..colon]).Trim('[', ']'), "host"));
            ports.Add(colon < 0 ? "" : part[(colon + 1)..]);
        }
        if (hosts.Exists(host => host.Length > 0)) values["host"] = string.Join(',', hosts);
        if (ports.Exists(port => port.Length > 0)) values["port"] = string.Join(',', ports);
    }

    private void Fill(Func<string, string?> environment)
    {
        string? Or(string name, string variable) => values.Remove(name, out var value) && value.Length > 0 ? value : environment(variable) is { Length: > 0 } set ? set : null;
        settings.Username = Or("user", "PGUSER") ?? Environment.UserName;
        settings.Database = Or("dbname", "PGDATABASE") ?? settings.Username;
        Address(Or("host", "PGHOST") ?? (Directory.Exists(DefaultSocket) ? DefaultSocket : "localhost"), Or("port", "PGPORT") ?? "5432");
        if (Or("password", "PGPASSWORD") is { } password) settings.Password = password;
        if (Or("passfile", "PGPASSFILE") is { } passfile) settings.Passfile = passfile;
        settings.ApplicationName = Or("application_name", "PGAPPNAME") ?? (values.Remove("fallback_application_name", out var name) ? name : "kubeflex");
        settings.Timeout = (int)Number("connect_timeout", Or("connect_timeout", "PGCONNECT_TIMEOUT") ?? "10", 0, 1024);
        // 0 is "wait for ever" to libpq; nobody here shall.
        if (settings.Timeout == 0) settings.Timeout = 60;
        // Kerberos encryption would be tried first otherwise, with a library that may be absent.
        settings.GssEncryptionMode = GssEncryptionMode.Disable;
        Tls(Or("sslmode", "PGSSLMODE"), Or("sslrootcert", "PGSSLROOTCERT"), Or("sslcert", "PGSSLCERT"), Or("sslkey", "PGSSLKEY"));
        if (Or("options", "PGOPTIONS") is { } options) Options(options);
        foreach (var (parameter, value) in values) Other(parameter, value);
    }

    private void Address(string hosts, string ports)
    {
        var (host, port) = (hosts.Split(','), ports.Split(','));
        foreach (var one in port)
        {
            if (one.Length > 0) Number("port", one, 1, 65535);
        }
        if (port.Length != 1 && port.Length != host.Length) errors.Add($"the datastore's URL names {host.Length} hosts and {port.Length} ports");
        else if (host.Length == 1)
        {
            settings.Host = host[0];
            if (errors.Count == 0 && port[0].Length > 0) settings.Port = int.Parse(port[0], CultureInfo.InvariantCulture);
        }
        else
        {
            settings.Host = string.Join(',', host.Select((one, i) => (port.Length == 1 ? port[0] : port[i]) is { Length: > 0 } p ? $"{(one.Contains(':', StringComparison.Ordinal) ? $"[{one}]" : one)}:{p}" : one));
            settings.TargetSessionAttributes = "primary";
        }
    }

    private void Tls(string? mode, string? root, string? certificate, string? key)
    {
        SslMode? parsed = mode switch
        {
            null or "prefer" => SslMode.Prefer,
            "disable" => SslMode.Disable,
            "allow" => SslMode.Allow,
            // libpq: with a root certificate, require means verify-ca.
            "require" => root is null ? SslMode.Require : SslMode.VerifyCA,
            "verify-ca" => SslMode.VerifyCA,
            "verify-full" => SslMode.VerifyFull,
            _ => null,
        };
        if (parsed is { } known) settings.SslMode = known;
        else errors.Add($"sslmode \"{mode}\" is none of disable, allow, prefer, require, verify-ca, verify-full");
        if (root is not null && root != "system") settings.RootCertificate = Existing("sslrootcert", root);
        if (certificate is not null) settings.SslCertificate = Existing("sslcert", certificate);
        if (key is not null) settings.SslKey = Existing("sslkey", key);
    }

    private string Existing(string parameter, string file)
    {
        if (!File.Exists(file)) errors.Add($"{parameter}: there is no file {file}");
        return file;
    }

    private void Other(string parameter, string value)
    {
        switch (parameter)
        {
            case "schema" or "search_path":
                SearchPath(value);
                break;
            case "sslpassword":
                settings.SslPassword = value;
                break;
            case "channel_binding" when Enum.TryParse<ChannelBinding>(value, true, out var binding):
                settings.ChannelBinding = binding;
                break;
            case "sslnegotiation" when value is "postgres" or "direct":
                settings.SslNegotiation = value == "direct" ? SslNegotiation.Direct : SslNegotiation.Postgres;
                break;
            case "gssencmode" when value is "disable" or "prefer" or "require":
                settings.GssEncryptionMode = Enum.Parse<GssEncryptionMode>(value, true);
                break;
            case "krbsrvname":
                settings.KerberosServiceName = value;
                break;
            case "target_session_attrs" when value is "any" or "read-write" or "primary":
                if (settings.Host!.Contains(',', StringComparison.Ordinal)) settings.TargetSessionAttributes = value == "read-write" ? "read-write" : value == "any" ? "any" : "primary";
                break;
            case "client_encoding" when value.Replace("-", "", StringComparison.Ordinal).ToUpperInvariant() is "UTF8" or "AUTO":
            case "keepalives" or "keepalives_idle" or "keepalives_interval" or "keepalives_count" or "tcp_user_timeout" or "ssl" or "sslcompression" or "sslsni":
                // Ours are always on.
                break;
            case "sslcrl" or "sslcrldir" or "hostaddr" or "service" or "requirepeer" or "load_balance_hosts" or "ssl_min_protocol_version" or "ssl_max_protocol_version" or "require_auth" or "replication":
                errors.Add($"parameter \"{parameter}\" of the datastore's URL is not supported");
                break;
            case "channel_binding" or "sslnegotiation" or "gssencmode" or "target_session_attrs" or "client_encoding":
                errors.Add($"{parameter} \"{value}\" of the datastore's URL is not supported");
                break;
            default:
                errors.Add($"the datastore's URL has an unknown parameter \"{parameter}\"; known are sslmode, sslrootcert, sslcert, sslkey, passfile, connect_timeout, application_name, options, schema and the like");
                break;
        }
    }

    /// <summary>Settings of the session: the search path becomes a prefix of our tables (a pooler would not keep it), the rest goes to the server.</summary>
    private void Options(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var rest = new StringBuilder();
        for (var i = 0; i < words.Length; i++)
        {
            var setting = words[i] == "-c" && i + 1 < words.Length ? words[++i]
                : words[i].StartsWith("-c", StringComparison.Ordinal) || words[i].StartsWith("--", StringComparison.Ordinal) ? words[i][2..] : null;
            if (setting is null || !setting.Contains('=', StringComparison.Ordinal)) errors.Add("options of the datastore's URL are written -c name=value");
            else if (setting.StartsWith("search_path=", StringComparison.Ordinal)) SearchPath(setting["search_path=".Length..]);
            else rest.Append(rest.Length > 0 ? " " : "").Append("-c ").Append(setting);
        }
        if (rest.Length > 0) settings.Options = rest.ToString();
    }

    private void SearchPath(string path)
    {
        var first = path.Split(',')[0].Trim();
        schema = first is ['"', .., '"'] ? first[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal) : first;
        if (schema.Length is 0 or > 63) errors.Add("the schema of the datastore's URL needs a name of 1 to 63 characters");
        else if (schema == "$user") schema = settings.Username;
    }

    private long Number(string parameter, string text, long least, long most)
    {
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most) return value;
        errors.Add($"{parameter} \"{text}\" of the datastore's URL is no number from {least} to {most}");
        return least;
    }

    private string Decode(string text, string part)
    {
        for (var i = text.IndexOf('%', StringComparison.Ordinal); i >= 0; i = text.IndexOf('%', i + 1))
        {
            if (i + 2 < text.Length && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2])) continue;
            errors.Add($"the {part} of the datastore's URL has a \"%\" that is not followed by two hexadecimal digits; a \"%\" itself is written %25");
            return "";
        }
        return Uri.UnescapeDataString(text);
    }
}
