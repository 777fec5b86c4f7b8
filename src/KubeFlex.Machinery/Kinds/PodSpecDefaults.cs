using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.Kinds;

/// <summary>Defaults of pod specs, the same in pods and in templates (<c>pkg/apis/core/v1/defaults.go</c>).</summary>
internal static class PodSpecDefaults
{
    private const int FileMode = 420; // 0644

    /// <summary>Defaults of a template: metadata and spec are always there.</summary>
    internal static void Template(JsonObject owner, string name = "template")
    {
        var template = owner.Ensure(name);
        template.Ensure("metadata");
        Spec(template.Ensure("spec"));
    }

    internal static void Spec(JsonObject spec)
    {
        spec.Default("restartPolicy", "Always").Default("dnsPolicy", "ClusterFirst").Default("schedulerName", "default-scheduler")
            .Default("terminationGracePeriodSeconds", 30).Ensure("securityContext");
        // Two names of one field; whichever is set counts, the newer one first.
        var account = spec.Text("serviceAccountName") is { Length: > 0 } name ? name : spec.Text("serviceAccount");
        if (account.Length > 0) (spec["serviceAccountName"], spec["serviceAccount"]) = (account, account);
        foreach (var list in (ReadOnlySpan<string>)["containers", "initContainers", "ephemeralContainers"])
            foreach (var container in spec.Objects(list)) Container(container, spec.Flag("hostNetwork") && list != "ephemeralContainers");
        foreach (var volume in spec.Objects("volumes")) Volume(volume);
    }

    /// <summary>A limit without a request is the request too; only in pods, not in templates.</summary>
    internal static void RequestsFromLimits(JsonObject spec)
    {
        foreach (var list in (ReadOnlySpan<string>)["containers", "initContainers"])
            foreach (var container in spec.Objects(list))
            {
                if (container.Object("resources")?.Object("limits") is not { Count: > 0 } limits) continue;
                var requests = container.Ensure("resources").Ensure("requests");
                foreach (var (resource, limit) in limits)
                    if (requests[resource] is null && limit is not null) requests[resource] = limit.DeepClone();
            }
    }

    private static void Container(JsonObject container, bool hostNetwork)
    {
        container.Default("imagePullPolicy", PullPolicy(container.Text("image")))
            .Default("terminationMessagePath", "/dev/termination-log").Default("terminationMessagePolicy", "File").Ensure("resources");
        foreach (var port in container.Objects("ports"))
        {
            port.Default("protocol", "TCP");
            if (hostNetwork && port.Number("containerPort") is { } number) port.DefaultZero("hostPort", number);
        }
        foreach (var env in container.Objects("env"))
            if (env.Object("valueFrom") is { } source) FieldSource(source);
        foreach (var probe in (ReadOnlySpan<string>)["livenessProbe", "readinessProbe", "startupProbe"])
            if (container.Object(probe) is { } p)
            {
                p.DefaultZero("timeoutSeconds", 1).DefaultZero("periodSeconds", 10).DefaultZero("successThreshold", 1).DefaultZero("failureThreshold", 3);
                HttpGet(p);
                if (p.Object("grpc") is { } grpc && !grpc.Has("service")) grpc["service"] = "";
            }
        foreach (var hook in (ReadOnlySpan<string>)["postStart", "preStop"])
            if (container.Object("lifecycle")?.Object(hook) is { } handler) HttpGet(handler);
    }

    private static void HttpGet(JsonObject handler) => handler.Object("httpGet")?.Default("path", "/").Default("scheme", "HTTP");

    private static void FieldSource(JsonObject source)
    {
        source.Object("fieldRef")?.Default("apiVersion", "v1");
        source.Object("resourceFieldRef")?.Default("divisor", "0");
    }

    internal static void Volume(JsonObject volume)
    {
        if (volume.All(m => m.Key == "name" || m.Value is null)) volume["emptyDir"] = new JsonObject();
        VolumeSource(volume);
        foreach (var source in (ReadOnlySpan<string>)["secret", "configMap", "downwardAPI", "projected"])
            volume.Object(source)?.Default("defaultMode", FileMode);
        foreach (var item in volume.Object("downwardAPI").Objects("items")) FieldSource(item);
        foreach (var source in volume.Object("projected").Objects("sources"))
        {
            foreach (var item in source.Object("downwardAPI").Objects("items")) FieldSource(item);
            source.Object("serviceAccountToken")?.Default("expirationSeconds", 3600);
        }
        volume.Object("ephemeral")?.Object("volumeClaimTemplate")?.Object("spec")?.Default("volumeMode", "Filesystem");
        if (volume.Object("image") is { } image) image.Default("pullPolicy", PullPolicy(image.Text("reference")));
    }

    /// <summary>Sources that pods and PersistentVolumes share.</summary>
    internal static void VolumeSource(JsonObject source)
    {
        if (source.Object("hostPath") is { } host && !host.Has("type")) host["type"] = "";
        source.Object("iscsi")?.Default("iscsiInterface", "default");
        source.Object("rbd")?.Default("pool", "rbd").Default("user", "admin").Default("keyring", "/etc/ceph/keyring");
        source.Object("azureDisk")?.Default("cachingMode", "ReadWrite").Default("kind", "Shared").Default("fsType", "ext4").Default("readOnly", false);
        source.Object("scaleIO")?.Default("storageMode", "ThinProvisioned").Default("fsType", "xfs");
    }

    /// <summary>No tag and no digest, or the tag <c>latest</c>: always pull.</summary>
    internal static string PullPolicy(string image)
    {
        var at = image.IndexOf('@', StringComparison.Ordinal);
        var name = at < 0 ? image : image[..at];
        var colon = name.LastIndexOf(':');
        var tag = colon > name.LastIndexOf('/') ? name[(colon + 1)..] : "";
        return tag == "latest" || (tag.Length == 0 && at < 0) ? "Always" : "IfNotPresent";
    }
}
