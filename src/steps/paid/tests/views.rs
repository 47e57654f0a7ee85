//! Views of classes whose framework says by default who gets to them.

use super::*;

/// A project whose view set has these members; `settings` are those of the framework.
fn project(settings: &str, members: &str) -> [(&'static str, String); 4] {
    let views = format!(
        "from openai import OpenAI\nfrom rest_framework import permissions, viewsets\nfrom rest_framework.decorators import action\nfrom rest_framework.response import Response\n\nfrom .models import Essay\n\nclient = OpenAI()\n\n\nclass EssayViewSet(viewsets.ModelViewSet):\n    queryset = Essay.objects.all()\n{members}"
    );
    let models = "from django.conf import settings\nfrom django.db import models\n\n\nclass Essay(models.Model):\n    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)\n    body = models.TextField()\n";
    let settings = format!(
        "INSTALLED_APPS = [\"django.contrib.auth\", \"rest_framework\", \"essays\"]\nMIDDLEWARE = [\"django.contrib.auth.middleware.AuthenticationMiddleware\"]\nREST_FRAMEWORK = {{{settings}}}\n"
    );
    [
        (
            "requirements.txt",
            "django\ndjangorestframework\ndjangorestframework-simplejwt\nopenai\n".to_owned(),
        ),
        ("core/settings.py", settings),
        ("essays/models.py", models.to_owned()),
        ("essays/views.py", views),
    ]
}

const SIGNED_IN: &str = "\"DEFAULT_PERMISSION_CLASSES\": [\"rest_framework.permissions.IsAuthenticated\"]";
const CREATE: &str = "\n    def perform_create(self, serializer):\n        made = client.responses.create(model=\"m\", input=\"x\")\n        serializer.save(owner=self.request.user, body=made.output_text)\n";
const ACTION: &str = "\n    @action(detail=True, methods=[\"post\"]OPTIONS)\n    def grade(self, request, pk=None):\n        made = client.responses.create(model=\"m\", input=\"x\")\n        return Response({\"grade\": made.output_text})\n";

fn after(settings: &str, members: &str, area: Area) -> String {
    let files = project(settings, members);
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let (step, text) = plan(&files, area, "essays/views.py");
    text + &todo_of(&step)
}

#[test]
fn a_hook_of_a_view_set_refuses_by_an_exception() {
    let text = after(SIGNED_IN, CREATE, Area::Events);
    assert!(text.contains("            user_id=str(self.request.user.pk),\n"), "{text}");
    let text = after(SIGNED_IN, CREATE, Area::Gating);
    assert!(
        text.contains("        balance = check_balance(BillingUser(id=str(self.request.user.pk)"),
        "{text}"
    );
    assert!(
        text.contains("            refused.status_code = balance.status\n            raise refused\n"),
        "{text}"
    );
}

#[test]
fn what_the_settings_say_of_all_views_holds_where_none_says_otherwise() {
    let plain = ACTION.replace("OPTIONS", "");
    let open = ACTION.replace("OPTIONS", ", permission_classes=[permissions.AllowAny]");
    let class_open = format!("    permission_classes = [permissions.AllowAny]\n{plain}");
    for (settings, members, sure) in [
        (SIGNED_IN, &plain, true),
        ("", &plain, false),
        ("\"DEFAULT_PERMISSION_CLASSES\": [\"rest_framework.permissions.AllowAny\"]", &plain, false),
        (SIGNED_IN, &open, false),
        (SIGNED_IN, &class_open, false),
    ] {
        let text = after(settings, members, Area::Events);
        assert!(text.contains("user_id=str(request.user.pk)"), "{text}");
        let asked = text.contains("        if request.user.is_authenticated:\n            record_usage(");
        assert_eq!(!asked, sure, "{settings}{text}");
    }
}
