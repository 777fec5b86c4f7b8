using System.Text.Json.Nodes;
using KubeFlex.Machinery.CustomResources;

namespace KubeFlex.Machinery.Tables.Printers;

/// <summary>Pods: what the containers' states amount to.</summary>
internal static class PodPrinter
{
    public static JsonArray Print(JsonObject pod, DateTimeOffset now)
    {
        var (spec, status) = (pod.Obj("spec"), pod.Obj("status"));
        var sidecars = spec.Items("initContainers").Where(c => c.Str("restartPolicy") == "Always").Select(c => c.Str("name")).ToHashSet();
        var state = new State(status, spec, sidecars);
        var reason = state.Reason;
        if (pod.Deleting() && status.Str("reason") == "NodeLost") reason = "Unknown";
        else if (pod.Deleting() && status.Str("phase") is not ("Succeeded" or "Failed")) reason = "Terminating";
        var restarts = state.Restarts > 0 && state.LastRestart is { } last ? $"{state.Restarts} ({HumanDuration.Format(now - last)} ago)" : $"{state.Restarts}";
        var gates = spec.Items("readinessGates").ToList();
        var open = gates.Count(g => status.Condition(g.Str("conditionType")).Str("status") == "True");
        var ip = status.Items("podIPs").Select(p => p.Str("ip")).FirstOrDefault() ?? status.Str("podIP");
        return CellWriter.Row(pod.Name(), $"{state.Ready}/{spec.Count("containers") + sidecars.Count}", reason, restarts, pod.Age(now), ip.Or(CellWriter.None),
            spec.Str("nodeName").Or(CellWriter.None), status.Str("nominatedNodeName").Or(CellWriter.None), gates.Count > 0 ? $"{open}/{gates.Count}" : CellWriter.None);
    }

    /// <summary>Rows of pods that are done say so, for clients that hide them.</summary>
    public static JsonArray? Conditions(JsonObject pod) => pod.Obj("status").Str("phase") switch
    {
        "Succeeded" => [Condition("Succeeded", "The pod has completed successfully.")],
        "Failed" => [Condition("Failed", "The pod failed.")],
        _ => null,
    };

    private static JsonObject Condition(string reason, string message) =>
        new JsonObject { ["type"] = "Completed", ["status"] = "True", ["reason"] = reason, ["message"] = message };

    private sealed class State
    {
        private long sidecarRestarts;
        private DateTimeOffset? sidecarLast;

        public State(JsonObject? status, JsonObject? spec, HashSet<string> sidecars)
        {
            Reason = status.Str("reason").Or(status.Str("phase"));
            if (status.Condition("PodScheduled").Str("reason") == "SchedulingGated") Reason = "SchedulingGated";
            var initializing = Initialize(status, spec, sidecars);
            if (initializing && status.Condition("Initialized").Str("status") != "True") return;
            (Restarts, LastRestart) = (sidecarRestarts, sidecarLast);
            Run(status);
        }

        public string Reason { get; private set; }

        public int Ready { get; private set; }

        public long Restarts { get; private set; }

        public DateTimeOffset? LastRestart { get; private set; }

        // True when an init container still runs or has failed; the first such one names the pod's state.
        private bool Initialize(JsonObject? status, JsonObject? spec, HashSet<string> sidecars)
        {
            var i = -1;
            foreach (var container in status.Items("initContainerStatuses"))
            {
                i++;
                var sidecar = sidecars.Contains(container.Str("name"));
                var ended = Finished(container);
                Restarts += container.Number("restartCount");
                LastRestart = Later(LastRestart, ended);
                if (sidecar)
                {
                    sidecarRestarts += container.Number("restartCount");
                    sidecarLast = Later(sidecarLast, ended);
                }
                var state = container.Obj("state");
                var terminated = state.Obj("terminated");
                if (terminated is not null && terminated.Number("exitCode") == 0) continue;
                if (sidecar && container.Bool("started"))
                {
                    if (container.Bool("ready")) Ready++;
                    continue;
                }
                var waiting = state.Obj("waiting").Str("reason");
                Reason = terminated is not null ? $"Init:{Termination(terminated)}"
                    : waiting.Length > 0 && waiting != "PodInitializing" ? $"Init:{waiting}" : $"Init:{i}/{spec.Count("initContainers")}";
                return true;
            }
            return false;
        }

        private void Run(JsonObject? status)
        {
            var running = false;
            foreach (var container in status.Items("containerStatuses").Reverse())
            {
                Restarts += container.Number("restartCount");
                LastRestart = Later(LastRestart, Finished(container));
                var state = container.Obj("state");
                if (state.Obj("waiting").Str("reason") is { Length: > 0 } waiting) Reason = waiting;
                else if (state.Obj("terminated") is { } terminated) Reason = Termination(terminated);
                else if (container.Bool("ready") && state.Obj("running") is not null)
                {
                    running = true;
                    Ready++;
                }
            }
            if (Reason == "Completed" && running) Reason = status.Condition("Ready").Str("status") == "True" ? "Running" : "NotReady";
        }

        private static string Termination(JsonObject terminated) => terminated.Str("reason") is { Length: > 0 } reason ? reason
            : terminated.Number("signal") != 0 ? $"Signal:{terminated.Number("signal")}" : $"ExitCode:{terminated.Number("exitCode")}";

        private static DateTimeOffset? Finished(JsonNode? container) => HumanDuration.Parse(container.Obj("lastState").Obj("terminated").Str("finishedAt"));

        private static DateTimeOffset? Later(DateTimeOffset? a, DateTimeOffset? b) => a is null || b > a ? b ?? a : a;
    }
}
