using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Kinds;

/// <summary>Rules of a pod's volumes.</summary>
internal static class VolumeValidation
{
    private const string ModeError = "must be a number between 0 and 0777 (octal), both inclusive";

    /// <summary>Checks the volumes and gives their names, for the mounts.</summary>
    internal static HashSet<string> Validate(JsonObject spec, string path, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (volume, at) in spec.Items("volumes", path))
        {
            var name = volume.Text("name");
            Source(volume, at, errors);
            if (name.Length == 0) errors.Required($"{at}.name");
            else Rule.Report(Names.DnsLabel(name), $"{at}.name", name, errors);
            if (name.Length > 0 && !names.Add(name)) errors.Duplicate($"{at}.name", name);
        }
        return names;
    }

    private static void Source(JsonObject volume, string path, FieldErrors errors)
    {
        var first = true;
        foreach (var (kind, value) in volume)
        {
            if (kind == "name" || value is not JsonObject source) continue;
            var at = $"{path}.{kind}";
            if (!first)
            {
                errors.Forbidden(at, "may not specify more than 1 volume type");
                continue;
            }
            first = false;
            One(kind, source, at, errors);
        }
        if (first) errors.Required(path, "must specify a volume type");
    }

    private static void One(string kind, JsonObject source, string at, FieldErrors errors)
    {
        switch (kind)
        {
            case "emptyDir":
                if (source.Text("sizeLimit") is { Length: > 0 } limit && Quantity.ParseOrZero(limit).Sign < 0)
                    errors.Forbidden($"{at}.sizeLimit", "SizeLimit field must be a valid resource quantity");
                break;
            case "hostPath":
                if (Rule.Required(source, "path", at, errors)) NoBacksteps(source.Text("path"), $"{at}.path", errors);
                Rule.OneOfIfSet(source, "type", at, errors, "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket");
                break;
            case "secret":
                Rule.Required(source, "secretName", at, errors);
                Mode(source, "defaultMode", at, errors);
                KeysToPaths(source, at, errors);
                break;
            case "configMap":
                Rule.Required(source, "name", at, errors);
                Mode(source, "defaultMode", at, errors);
                KeysToPaths(source, at, errors);
                break;
            case "downwardAPI":
                Mode(source, "defaultMode", at, errors);
                Downward(source, at, errors);
                break;
            case "projected":
                Mode(source, "defaultMode", at, errors);
                Projected(source, at, errors);
                break;
            case "persistentVolumeClaim":
                Rule.Required(source, "claimName", at, errors);
                break;
            case "nfs":
                Rule.Required(source, "server", at, errors);
                if (Rule.Required(source, "path", at, errors) && !source.Text("path").StartsWith('/'))
                    errors.Invalid($"{at}.path", source.Text("path"), "must be an absolute path");
                break;
            case "csi":
                Rule.Required(source, "driver", at, errors);
                break;
            case "ephemeral":
                Rule.Required(source, "volumeClaimTemplate", at, errors);
                break;
            case "iscsi":
                foreach (var name in (ReadOnlySpan<string>)["targetPortal", "iqn"]) Rule.Required(source, name, at, errors);
                break;
        }
    }

    private static void Projected(JsonObject source, string path, FieldErrors errors)
    {
        foreach (var (item, at) in source.Items("sources", path))
            foreach (var (kind, value) in item)
            {
                if (value is not JsonObject projection) continue;
                switch (kind)
                {
                    case "secret" or "configMap":
                        Rule.Required(projection, "name", $"{at}.{kind}", errors);
                        KeysToPaths(projection, $"{at}.{kind}", errors);
                        break;
                    case "downwardAPI":
                        Downward(projection, $"{at}.{kind}", errors);
                        break;
                    case "serviceAccountToken":
                        if (projection.Number("expirationSeconds") is < 600)
                            errors.Invalid($"{at}.{kind}.expirationSeconds", projection["expirationSeconds"], "may not specify a duration less than 10 minutes");
                        Rule.Required(projection, "path", $"{at}.{kind}", errors);
                        break;
                }
            }
    }

    private static void Downward(JsonObject source, string path, FieldErrors errors)
    {
        foreach (var (file, at) in source.Items("items", path))
        {
            if (Rule.Required(file, "path", at, errors)) LocalPath(file.Text("path"), $"{at}.path", errors);
            if (file.Object("fieldRef") is { } field) Rule.Required(field, "fieldPath", $"{at}.fieldRef", errors);
            else if (file.Object("resourceFieldRef") is { } resource) Rule.Required(resource, "containerName", $"{at}.resourceFieldRef", errors);
            else errors.Required(at, "one of fieldRef and resourceFieldRef is required");
            Mode(file, "mode", at, errors);
        }
    }

    private static void KeysToPaths(JsonObject source, string path, FieldErrors errors)
    {
        foreach (var (item, at) in source.Items("items", path))
        {
            Rule.Required(item, "key", at, errors);
            if (Rule.Required(item, "path", at, errors)) LocalPath(item.Text("path"), $"{at}.path", errors);
            Mode(item, "mode", at, errors);
        }
    }

    private static void Mode(JsonObject o, string name, string path, FieldErrors errors)
    {
        if (o.Number(name) is < 0 or > 511) errors.Invalid($"{path}.{name}", o[name], ModeError);
    }

    internal static void LocalPath(string value, string path, FieldErrors errors)
    {
        if (value.StartsWith('/')) errors.Invalid(path, value, "must be a relative path");
        NoBacksteps(value, path, errors);
    }

    internal static void NoBacksteps(string value, string path, FieldErrors errors)
    {
        if (value.Split('/').Contains("..")) errors.Invalid(path, value, "must not contain '..'");
    }
}
