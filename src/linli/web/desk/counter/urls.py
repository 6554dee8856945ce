from __future__ import annotations

from django.urls import path

from linli.web.desk.counter import demands, intake, online, papers, parties, promise, today

app_name = "counter"
urlpatterns = [
    path("today", today.today, name="today"),
    path("find", today.find, name="find"),
    path("items/<slug:item>", parties.item, name="item"),
    path("people/new", parties.register_person, name="register_person"),
    path("people/<uuid:party>", parties.person, name="person"),
    path("people/<uuid:party>/agent", parties.agent, {"employer": False}, name="person_agent"),
    path("people/<uuid:party>/whole/<slug:field>", parties.whole, name="whole"),
    path("employers/new", parties.register_employer, name="register_employer"),
    path("employers/<uuid:party>", parties.employer, name="employer"),
    path("employers/<uuid:party>/agent", parties.agent, {"employer": True}, name="employer_agent"),
    path("matters", parties.matters, name="matters"),
    path("start", parties.start, name="start"),
    path("online", online.online, name="online"),
    path("online/next", online.next_case, name="next_online"),
    path("hand-over/<str:code>", online.take_over, name="take_over"),
    path("cases/<uuid:case_id>", intake.case, name="case"),
    path("cases/<uuid:case_id>/give-code", online.give_code, name="give_code"),
    path("cases/<uuid:case_id>/code", online.code, name="code"),
    path("cases/<uuid:case_id>/save", intake.save, name="save"),
    path("cases/<uuid:case_id>/receive", intake.receive, name="receive"),
    path("cases/<uuid:case_id>/accept", intake.accept, name="accept"),
    path("cases/<uuid:case_id>/back", intake.back, name="back"),
    path("cases/<uuid:case_id>/correction", intake.correction, name="correction"),
    path("cases/<uuid:case_id>/withdraw", intake.withdraw, name="withdraw"),
    path("cases/<uuid:case_id>/arrived", intake.arrived, name="arrived"),
    path("cases/<uuid:case_id>/look", intake.look_shared, name="look_shared"),
    path("cases/<uuid:case_id>/ask", intake.ask_departments, name="ask_departments"),
    path("cases/<uuid:case_id>/materials/<slug:code>", intake.material, name="material"),
    path("cases/<uuid:case_id>/promises/<slug:code>", promise.promise, name="promise"),
    path("cases/<uuid:case_id>/promises/<slug:code>.pdf", promise.printed, name="promise_print"),
    path("cases/<uuid:case_id>/promises/<slug:code>/sheet", promise.keep_sheet, name="keep_sheet"),
    path("cases/<uuid:case_id>/pending/<slug:code>", promise.bring, name="bring"),
    path("cases/<uuid:case_id>/files/<uuid:file_id>", papers.file, name="file"),
    path("cases/<uuid:case_id>/files/<uuid:file_id>/remove", intake.remove_file, name="remove_file"),
    path("cases/<uuid:case_id>/files/<uuid:file_id>/restore", intake.restore_file, name="restore_file"),
    path("cases/<uuid:case_id>/papers/<uuid:document_id>.pdf", papers.paper, name="paper"),
    path("demands", demands.demands, name="demands"),
    path("demands/new", demands.register, name="register_demand"),
    path("demands/<uuid:demand_id>", demands.demand, name="demand"),
    path("demands/<uuid:demand_id>/receipt.pdf", papers.receipt, name="receipt"),
]
