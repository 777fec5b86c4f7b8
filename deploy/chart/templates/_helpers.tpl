{{- define "kubeflex.labels" -}}
app.kubernetes.io/name: kubeflex-operator
app.kubernetes.io/part-of: kubeflex
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* Fixed, whatever namespace the release is recorded in: control planes look for settings and database there. */}}
{{- define "kubeflex.namespace" -}}
kubeflex-system
{{- end }}

{{- define "kubeflex.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}
